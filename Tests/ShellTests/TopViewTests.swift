import Testing

@testable import Commands

/// What `top` makes of keys and samples, without a terminal.
@Suite("The picture of top") struct TopViewTests {
  private func row(
    _ pid: Int32, _ name: String, parent: Int32 = 1, state: String = "S", since: Int64? = nil,
    cpu: Double = 0, memory: Int64 = 0
  ) -> TopRow {
    TopRow(
      pid: pid, parent: parent, startTicks: UInt64(pid), name: name, state: state, waits: "",
      since: since, holds: "", queue: "", cpu: cpu, memory: memory)
  }

  private var family: [TopRow] {
    [
      row(10, "brood", state: "R", cpu: 3, memory: 30), row(11, "b", parent: 10, since: 5),
      row(12, "c", parent: 11, since: 9, cpu: 90), row(13, "a", parent: 10, memory: 99),
      row(14, "d", parent: 77),
    ]
  }

  @Test func ordersOfRows() {
    func names(_ order: TopOrder) -> String {
      order.sorted(family).map(\.name).joined(separator: " ")
    }
    #expect(names(.tree) == "brood b c a d")
    #expect(names(.waits) == "c b brood a d")
    #expect(names(.cpu) == "c brood b a d")
    #expect(names(.memory) == "a brood b c d")
    #expect(names(.name) == "a b brood c d")
    #expect(TopOrder.tree.sorted(family).map(\.depth) == [0, 1, 2, 1, 0])
  }

  /// A process that is its own parent, or two that are each other's, come up once at most.
  @Test func aRingOfParentsEnds() {
    let rows = [row(1, "a", parent: 1), row(2, "b", parent: 3), row(3, "c", parent: 2)]
    #expect(TopOrder.tree.sorted(rows).map(\.name) == ["a"])
  }

  @Test(arguments: [1, 2, 3, 5, 24], [1, 2, 10, 40, 80, 200])
  func aFrameHasExactlyTheScreensSize(_ height: Int, _ width: Int) {
    var view = TopView()
    var sample = TopSample(rows: family, queues: ["jobs 2/10"], pools: ["pool p", "pool q"])
    sample.rows += (20..<400).map { row($0, "子 \($0)", parent: 10) }
    view.take(sample)
    for key in [TopKey.down, .end, .pageUp, .character("?"), .escape, .character("/")] {
      _ = view.press(key)
      let frame = view.frame(width: width, height: height)
      #expect(frame.count == height)
      #expect(frame.allSatisfy { $0.text.unicodeScalars.count <= width })
    }
  }

  @Test func aSelectedProcessStaysSelected() {
    var view = TopView()
    view.take(TopSample(rows: family))
    _ = view.frame(width: 80, height: 24)
    _ = view.press(.down)
    #expect(view.selection?.name == "b")
    _ = view.press(.character("m"))
    #expect(view.selection?.name == "b")
    view.take(TopSample(rows: family.filter { $0.name != "brood" }))
    #expect(view.selection?.name == "b")
    view.take(TopSample(rows: []))
    #expect(view.selection == nil)
    #expect(view.press(.enter) == nil)
    #expect(view.press(.character("k")) == nil)
  }

  @Test func questionsAreAnsweredOrDropped() {
    var view = TopView()
    view.take(TopSample(rows: family))
    for key in "kint" { _ = view.press(.character(key.unicodeScalars.first ?? " ")) }
    _ = view.press(.backspace)
    #expect(view.press(.enter) == .signal(pid: 10, word: "in"))
    _ = view.press(.character("k"))
    #expect(view.press(.escape) == nil)
    #expect(view.press(.character("r")) == nil)
    _ = view.press(.character("7"))
    #expect(view.press(.enter) == .nice(pid: 10, value: "7"))
    // In a question a letter is a letter.
    _ = view.press(.character("/"))
    #expect(view.press(.character("q")) == nil)
    #expect(view.press(.control("c")) == .quit)
  }

  @Test func keysComeInPieces() {
    var reader = TopKeyReader()
    #expect(reader.take([0x1B, UInt8(ascii: "[")]) == [])
    #expect(reader.take("A".utf8) == [.up])
    #expect(
      reader.take("\u{1B}OB\u{1B}[6~\u{1B}[1~q".utf8) == [.down, .pageDown, .home, .character("q")])
    let e = Array("é".utf8)
    #expect(reader.take(e.prefix(1)) == [])
    #expect(reader.take(e.dropFirst()) == [.character("é")])
    #expect(reader.take([0x1B]) == [.escape])
    #expect(reader.take([0x0D, 0x7F, 3]) == [.enter, .backspace, .control("c")])
    // What is no text and no known key is dropped, and nothing waits for ever.
    #expect(reader.take([0xFF, 0xC3, 0x41]) == [.character("A")])
    #expect(reader.take("\u{1B}[200~x".utf8) == [.character("x")])
    #expect(reader.take([0x1B, UInt8(ascii: "[")] + Array(repeating: 0x30, count: 40)) == [])
    #expect(reader.take("q".utf8) == [.character("q")])
  }

  @Test func changesOfTheSession() {
    typealias State = SessionState
    let before = State(
      processes: [1: ("a", "S"), 2: ("b", "R")], descriptors: 5, channels: [7: ("queue q", "2")])
    let after = State(
      processes: [2: ("b", "Z"), 3: ("c", "S")], descriptors: 7,
      channels: [7: ("queue q", "3"), 8: ("lock m", "free")])
    #expect(
      after.changes(since: before)
        == "+1 process c S · -1 process a · b R→Z · +2 descriptors · +lock m · queue q 2→3")
    #expect(before.changes(since: before) == nil)
  }

  @Test(
    arguments: [
      (0, "0K"), (1023, "0K"), (1024, "1K"), (1_000_000, "976K"), (1_572_864, "1.5M"),
      (12_582_912, "12M"), (3_435_973_837, "3.2G"), (Int64.max, "7.9E"), (-1, "0K"),
    ] as [(Int64, String)])
  func sizesAreShort(_ bytes: Int64, _ text: String) { #expect(TopTable.size(bytes) == text) }
}
