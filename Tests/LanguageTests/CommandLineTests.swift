import Testing

@testable import Language

/// Command lines read by their declaration: flags, values, arguments and what is wrong with them.
@Suite("Command lines")
struct CommandLineTests {
  private static let flags = [
    Flag("jobs", .int, "how many", letter: "j"), Flag("null", nil, "zeros", letter: "0"),
    Flag("file", .path, "a file", isRepeatable: true), Flag("tag", nil, "tags"),
    Flag("line", nil, "lines"), Flag(letter: "c", .text, "a text"),
  ]

  private static func line(
    _ extent: CommandLine.Extent = .whole, hasLetters: Bool = true
  ) -> CommandLine {
    CommandLine(
      "tool", "A tool", flags: flags,
      parameters: [Parameter("one", .text), Parameter("two", .text, .optional)],
      rules: [.exclusive(["tag", "line"]), .needs("null", anyOf: ["file"])], extent: extent,
      hasLetters: hasLetters,
      advice: { $0.hasPrefix("-P") ? CommandLine.Advice("-j N is it") : nil })
  }

  /// `--flag=value -x arguments`, or what is wrong.
  private func read(_ words: String, _ line: CommandLine) -> String {
    do {
      let reading = try line.read(words.split(separator: " ").map(String.init))
      if reading.wantsHelp { return "help" }
      let flags = reading.flags.map { $0.flag.spelling + ($0.word.map { "=\($0)" } ?? "") }
      return (flags + reading.words).joined(separator: " ")
    } catch {
      return "! \(error.message)" + (error.help.map { " (\($0))" } ?? "")
    }
  }

  @Test(arguments: [
    ("a", "a"), ("a b", "a b"), ("--jobs 4 a", "--jobs=4 a"), ("a --jobs=4", "--jobs=4 a"),
    ("-j4 a", "--jobs=4 a"), ("-j=4 a", "--jobs=4 a"), ("-j 4 a", "--jobs=4 a"),
    ("-c -x a", "-c=-x a"), ("--jobs --tag a", "--jobs=--tag a"), ("-- --tag", "--tag"),
    ("--tag=false a", "--tag=false a"), ("--file x --file y a", "--file=x --file=y a"),
    ("- a", "- a"), ("--help", "help"), ("a -h --nope", "help"), ("--file= a", "--file= a"),
    ("--tag=false --line a", "--tag=false --line a"),
  ])
  func isRead(_ words: String, _ wanted: String) {
    #expect(read(words, CommandLineTests.line()) == wanted, "\(words)")
  }

  @Test(arguments: [
    ("", "! 'tool' needs an one (usage: tool "),
    ("a b c", "! 'tool' takes at most 2 arguments, but"),
    ("--job 1 a", "! 'tool' has no flag '--job' (did you mean '--jobs'?)"),
    ("--xyz a", "! 'tool' has no flag '--xyz' (see: tool --help)"),
    ("-x a", "! 'tool' has no flag '-x' (see: tool --help)"),
    ("-P4 a", "! 'tool' has no flag '-P' (-j N is it)"),
    ("--c x a", "! 'tool' has no flag '--c'"), ("a --jobs", "! the flag '--jobs' needs a value"),
    ("a -j", "! the flag '-j' needs a value (write -j VALUE)"),
    ("--tag=5 a", "! the flag '--tag' takes no value"), ("-00 a", "! the flag '-0' takes no value"),
    ("-j 1 --jobs 2 a", "! the flag '--jobs' is given twice"),
    ("--tag --line a", "! --tag and --line cannot be used together"),
    ("-0 a", "! --null needs --file"),
  ])
  func isRefused(_ words: String, _ wanted: String) {
    let found = read(words, CommandLineTests.line())
    #expect(found.hasPrefix(wanted), "\(words): \(found)")
  }

  @Test(arguments: [
    ("-j 2 prog --tag -x", "--jobs=2 prog --tag -x"), ("-- --prog -- x", "--prog -- x"),
    ("prog --", "prog --"), ("prog a b c d", "prog a b c d"),
  ])
  func wordsOfAProgramAreItsOwn(_ words: String, _ wanted: String) {
    #expect(read(words, CommandLineTests.line(.program)) == wanted, "\(words)")
  }

  @Test(arguments: [
    ("-c text --tag", "-c=text --tag"), ("file -j", "file -j"), ("--tag --help", "--tag --help"),
    ("--help x", "help"), ("-- -c", "-c"),
  ])
  func theFirstWordDecides(_ words: String, _ wanted: String) {
    #expect(read(words, CommandLineTests.line(.first)) == wanted, "\(words)")
  }

  @Test func scriptsHaveNoLetters() {
    let line = CommandLineTests.line(hasLetters: false)
    #expect(read("-5 -x", line) == "-5 -x")
    #expect(read("--jobs -5 a", line) == "--jobs=-5 a")
    #expect(read("-h", line) == "-h")
    #expect(read("a --help", line) == "help")
  }

  @Test func usageAndOptions() {
    let line = CommandLineTests.line()
    #expect(line.usage.hasSuffix("[--tag] [--line] [-c TEXT] ONE [TWO]"))
    #expect(
      line.options.map(\.name) == [
        "-j", "-0", "-c", "--jobs", "--null", "--file", "--tag", "--line", "--help",
      ])
    #expect(line.options.first { $0.name == "--file" }?.takesFiles == true)
    #expect(
      line.flagSentences == [
        "Only one of --tag and --line can be given.", "--null needs --file.",
        "--file can be given more than once.",
      ])
  }
}
