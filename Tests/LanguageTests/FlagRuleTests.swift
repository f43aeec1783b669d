import Testing

@testable import Language

/// Rules about flags and bounds of numbers, which errors, help and `--check` are made of.
@Suite struct FlagRuleTests {
  private let command = Command(
    "try",
    "Try",
    flags: [
      Flag("line", nil, ""), Flag("all", nil, ""), Flag("bytes", .int.atLeast(1), ""),
      Flag("journal", .text, ""), Flag("rerun", .text, ""),
      Flag("file", .text, "", isRepeatable: true),
    ],
    rules: [
      .exclusive(["bytes", "line", "all"]), .needs("rerun", anyOf: ["journal"]),
    ]
  ) { call in
    guard case .list(let files)? = call.flag("file") else { return call.flag("bytes") ?? .null }
    return .list(files)
  }

  @Test(arguments: [
    ([], nil), (["all"], nil), (["file", "file"], nil), (["journal", "rerun"], nil),
    (["rerun", "journal"], nil),
    (["line", "bytes"], "--bytes and --line cannot be used together"),
    (["all", "file", "line"], "--line and --all cannot be used together"),
    (["rerun"], "--rerun needs --journal"),
    (["journal", "journal"], "the flag '--journal' is given twice"),
  ])
  func aCallKeepsOrBreaksARule(_ given: [String], _ message: String?) {
    #expect(command.flagProblem(given)?.message == message)
  }

  @Test func noFlagOfOneGroupGoesWithOneOfAnother() {
    let command = Command(
      "try", "Try", flags: ["a", "b", "c", "d"].map { Flag($0, nil, "") },
      rules: [.excludes(["a", "b"], ["c", "d"])]
    ) { _ in .null }
    #expect(command.flagProblem(["a", "b"]) == nil)
    #expect(command.flagProblem(["c", "d"]) == nil)
    #expect(
      command.flagProblem(["d", "b"])?.message == "--b and --d cannot be used together")
    #expect(command.flagSentences == ["With --a or --b there can be none of --c and --d."])
  }

  private let shaped = Command(
    "shape", "Shape",
    parameters: [Parameter("name", .text, .optional), Parameter("init", .any, .optional)],
    flags: [Flag("init", .list, ""), Flag("to", .text, ""), Flag("from", .text, "")],
    rules: [
      .replaces("init", argument: "INIT") { words in words.first == "short" ? 0 : 1 },
      .requires(anyOf: ["to", "from"]),
    ]
  ) { _ in .null }

  @Test(arguments: [
    (["to"], [], nil), (["to"], ["a", "b"], nil), (["to", "init"], ["a"], nil),
    (["to", "init"], ["a", "b"], "--init and INIT cannot be used together"),
    (["to", "init"], ["short"], "--init and INIT cannot be used together"),
    ([], ["a"], "'shape' needs --to or --from"),
    (["init"], [], "'shape' needs --to or --from"),
  ])
  func argumentsKeepOrBreakARule(_ given: [String], _ words: [String], _ message: String?) {
    #expect(shaped.flagProblem(given, words)?.message == message)
  }

  @Test func argumentsThatAreNotKnownBreakNoRule() {
    #expect(shaped.flagProblem(["to", "init"], nil) == nil)
    #expect(shaped.requiresFlag)
    #expect(!command.requiresFlag)
  }

  @Test func flagsNeedTheirArgument() {
    let command = Command(
      "start", "Start", parameters: [Parameter("block", .any, .optional)],
      flags: [Flag("name", .text, "")],
      rules: [.flagsNeed(argument: 0, "a block", help: "write one")]
    ) { _ in .null }
    #expect(command.flagProblem(["name"], [])?.message == "'start --name' needs a block")
    #expect(command.flagProblem(["name"], [nil]) == nil)
    #expect(command.flagProblem([], []) == nil)
    #expect(command.flagSentences == ["Flags need a block."])
  }

  @Test func theLaterFlagIsAtFault() {
    #expect(command.flagProblem(["line", "bytes"])?.flag == "bytes")
    #expect(command.flagProblem(["bytes", "line"])?.flag == "line")
  }

  @Test func helpTellsTheRules() {
    #expect(
      command.flagSentences == [
        "Only one of --bytes, --line and --all can be given.", "--rerun needs --journal.",
        "--file can be given more than once.",
      ])
  }

  @Test func numbersFitTheirBounds() {
    let cases: [(Bounds, Value, Bool)] = [
      (.atLeast(1), .int(0), false), (.atLeast(1), .int(1), true), (.atLeast(1), .size(0), false),
      (.within(1...3), .int(4), false), (.within(1...3), .float(3.5), false),
      (.within(1...3), .float(2.5), true), (.positive, .float(0), false),
      (.positive, .float(0.001), true), (.positive, .float(.nan), false),
      (.positive, .duration(-1), false), (.atLeast(0), .text("x"), true),
      (.atLeast(.min), .int(.min), true),
    ]
    for (bounds, value, fits) in cases {
      #expect(bounds.contain(value) == fits, "\(bounds) \(value.asText)")
    }
  }

  @Test func aPhraseNamesTheBounds() {
    #expect(Bounds.atLeast(1).phrase("int") == "a whole number of 1 or more")
    #expect(Bounds.within(-20...19).phrase("nice") == "a whole number from -20 to 19")
    #expect(Bounds.atLeast(1 << 20).phrase("size") == "a size of 1MiB or more")
    #expect(Bounds.positive.phrase("number") == "a number greater than 0")
  }
}
