import Language

/// What a person sees of `top` and does with it, without terminal or processes.
struct TopView {
  /// What a key asks for.
  enum Action: Equatable {
    case quit
    /// Ctrl-Z.
    case suspend
    case why(pid: Int32)
    case signal(pid: Int32, word: String)
    case nice(pid: Int32, value: String)
    case stopOrContinue(pid: Int32)
  }

  /// What is asked for on the last line.
  private enum Question {
    case filter
    case signal(TopRow)
    case nice(TopRow)
  }

  private enum Page {
    case table
    /// A text, from which line on it is shown.
    case text(title: String, lines: [String], from: Int)
    case question(Question, answer: String)
  }

  /// A line of the screen.
  struct Line: Equatable {
    enum Style { case plain, strong, reversed, dim }
    var text: String
    var style = Style.plain
  }

  private(set) var order = TopOrder.tree
  private(set) var isFrozen = false
  private var filter = ""
  private var page = Page.table
  /// Said on the last line until the next key.
  var message = ""
  private(set) var sample = TopSample()
  /// Those that the filter lets through, in their order.
  private(set) var rows: [TopRow] = []
  private var selected = 0
  private var first = 0
  /// How many rows the last frame had room for.
  private var visible = 1

  init() {}

  /// Takes what is seen now; the same process stays selected.
  mutating func take(_ sample: TopSample) {
    self.sample = sample
    arrange()
  }

  private mutating func arrange() {
    let pid = selection?.pid
    var shown = sample.rows
    if !filter.isEmpty {
      shown = shown.filter { "\($0.pid)" == filter || $0.name.contains(filter) }
    }
    rows = order.sorted(shown)
    if let pid, let place = rows.firstIndex(where: { $0.pid == pid }) { selected = place }
    select(selected)
  }

  private mutating func select(_ place: Int) {
    selected = max(0, min(place, rows.count - 1))
    first = min(first, selected)
    first = max(first, selected - visible + 1)
    first = max(0, min(first, rows.count - visible))
  }

  var selection: TopRow? { rows.indices.contains(selected) ? rows[selected] : nil }

  /// The places of `rows` that the next frame of this height shows.
  mutating func shownRows(height: Int) -> Range<Int> {
    visible = max(1, height - headHeight(height) - 1)
    select(selected)
    return first..<min(rows.count, first + visible)
  }

  /// What a look at rows has found of them.
  mutating func complete(_ place: Int, waits: String) {
    if rows.indices.contains(place) { rows[place].waits = waits }
  }

  // MARK: Keys

  /// Does what a key means; yields what others have to do.
  mutating func press(_ key: TopKey) -> Action? {
    message = ""
    if key == .control("c") { return .quit }
    if key == .control("z") { return .suspend }
    switch page {
    case .table: return pressInTable(key)
    case .text(let title, let lines, let from):
      pressInText(key, title, lines, from)
      return nil
    case .question(let question, let answer): return pressInQuestion(key, question, answer)
    }
  }

  private mutating func pressInTable(_ key: TopKey) -> Action? {
    switch key {
    case .up: select(selected - 1)
    case .down: select(selected + 1)
    case .pageUp, .character("<"): turnPage(-1)
    case .pageDown, .character(">"): turnPage(1)
    case .home: select(0)
    case .end: select(rows.count - 1)
    case .enter: return selection.map { .why(pid: $0.pid) }
    case .escape:
      filter = ""
      arrange()
    case .character("q"): return .quit
    case .character("f"): isFrozen.toggle()
    case .character("?"), .character("h"): show("keys", TopView.help)
    case .character("/"): page = .question(.filter, answer: filter)
    case .character("k"): selection.map { page = .question(.signal($0), answer: "") }
    case .character("r"): selection.map { page = .question(.nice($0), answer: "") }
    case .character("s"): return selection.map { .stopOrContinue(pid: $0.pid) }
    case .character(let scalar):
      guard let order = TopOrder.allCases.first(where: { $0.key == Character(scalar) }) else {
        message = "'\(scalar)' is no key of top: ? lists them"
        break
      }
      self.order = order
      arrange()
    case .backspace, .control: break
    }
    return nil
  }

  private mutating func turnPage(_ direction: Int) {
    first = max(0, min(first + direction * visible, rows.count - visible))
    select(selected + direction * visible)
  }

  private mutating func pressInText(_ key: TopKey, _ title: String, _ lines: [String], _ from: Int)
  {
    let most = max(0, lines.count - 1)
    switch key {
    case .up: page = .text(title: title, lines: lines, from: max(0, from - 1))
    case .down: page = .text(title: title, lines: lines, from: min(most, from + 1))
    case .pageUp, .character("<"):
      page = .text(title: title, lines: lines, from: max(0, from - visible))
    case .pageDown, .character(">"), .character(" "):
      page = .text(title: title, lines: lines, from: min(most, from + visible))
    default: page = .table
    }
  }

  private mutating func pressInQuestion(
    _ key: TopKey, _ question: Question, _ answer: String
  ) -> Action? {
    var answer = answer
    switch key {
    case .character(let scalar): answer.unicodeScalars.append(scalar)
    case .backspace: answer = String(answer.dropLast())
    case .control("u"): answer = ""
    case .escape:
      page = .table
      return nil
    case .enter:
      page = .table
      switch question {
      case .filter: break
      case .signal(let row):
        return .signal(pid: row.pid, word: answer.isEmpty ? "TERM" : answer)
      case .nice(let row): return answer.isEmpty ? nil : .nice(pid: row.pid, value: answer)
      }
      return nil
    default: break
    }
    page = .question(question, answer: answer)
    if case .filter = question {
      filter = answer
      arrange()
    }
    return nil
  }

  /// Shows a text instead of the table until a key leaves it.
  mutating func show(_ title: String, _ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    page = .text(title: title, lines: lines, from: 0)
  }

  static let help = """
    up down           select a process          < >, PgUp PgDn    a page back, on
    Enter             why it does not go on     Home End          the first, the last
    k                 send it a signal          s                 stop it, let it go on
    r                 set its nice value        /                 only names with a text (Esc: all)
    t w c m n         order: tree, longest wait, CPU, memory, name
    f                 freeze, go on             q                 leave top

    cpu is in percent of one CPU; memory is resident; since tells how long it has waited;
    holds names the channels that it holds or has items of; queue is how full the queue is
    that it waits at.
    """

  // MARK: Frames

  private var pools: Int { min(sample.pools.count, 4) }

  /// Title, queues, pools and the titles of the columns, as far as there is room.
  private func headHeight(_ height: Int) -> Int {
    max(0, min(height - 2, 2 + (sample.queues.isEmpty ? 0 : 1) + pools))
  }

  /// A screen of exactly so many lines, none wider than it is.
  mutating func frame(width: Int, height: Int) -> [Line] {
    guard width > 0, height > 0 else { return [] }
    let shown = shownRows(height: height)
    var lines: [Line]
    if case .text(let title, let text, let from) = page {
      lines = [Line(text: "top: \(title)", style: .strong)]
      lines += text.dropFirst(from).map { Line(text: $0) }
    } else {
      lines = head(height, width, shown)
      let table = TopTable(Array(rows[shown]), width: width, isTree: order == .tree)
      if headHeight(height) > 1 { lines.append(Line(text: table.head, style: .reversed)) }
      for place in shown {
        lines.append(
          Line(text: table.line(rows[place]), style: place == selected ? .reversed : .plain))
      }
      if rows.isEmpty { lines.append(Line(text: "no process is called so", style: .dim)) }
    }
    lines = Array(lines.prefix(height - 1))
    while lines.count < height - 1 { lines.append(Line(text: "")) }
    lines.append(lastLine)
    return lines.map {
      // A terminal goes on to the next line behind its last column.
      Line(text: truncated(TerminalText.line($0.text), toWidth: width), style: $0.style)
    }
  }

  private func head(_ height: Int, _ width: Int, _ shown: Range<Int>) -> [Line] {
    if headHeight(height) < 1 { return [] }
    var counts: [(word: String, count: Int)] = [
      ("running", 0), ("waiting", 0), ("stopped", 0), ("zombie", 0),
    ]
    for row in sample.rows {
      let place = row.letter == "R" ? 0 : row.letter == "T" ? 2 : row.letter == "Z" ? 3 : 1
      counts[place].count += 1
    }
    let states = counts.filter { $0.count > 0 }.map { "\($0.count) \($0.word)" }
    let number = sample.rows.count
    var title = "top  \(sample.time)  \(number) process\(number == 1 ? "" : "es")"
    if !states.isEmpty { title += ": " + states.joined(separator: ", ") }
    title += "  cpu \(TopTable.percent(sample.cpu))%  memory \(TopTable.size(sample.memory))"
    title += "  by \(order.rawValue)"
    if shown.count < rows.count {
      title += "  \(shown.lowerBound + 1)–\(shown.upperBound) of \(rows.count)"
    }
    if !filter.isEmpty { title += "  /\(filter)" }
    if isFrozen { title += "  frozen" }
    var lines = [Line(text: title, style: .strong)]
    if !sample.queues.isEmpty {
      lines.append(Line(text: "queues: " + sample.queues.joined(separator: ", ")))
    }
    lines += sample.pools.prefix(pools).map { Line(text: $0) }
    return Array(lines.prefix(max(1, headHeight(height) - 1)))
  }

  private var lastLine: Line {
    switch page {
    case .question(.filter, let answer): return Line(text: "show names with: \(answer)_")
    case .question(.signal(let row), let answer):
      return Line(text: "signal for \(row.name) (\(row.pid)) [TERM]: \(answer)_")
    case .question(.nice(let row), let answer):
      return Line(text: "nice value of \(row.name) (\(row.pid)), -20 to 19: \(answer)_")
    case .text: return Line(text: "any other key leaves this; < and > turn pages", style: .dim)
    case .table: break
    }
    if !message.isEmpty { return Line(text: message, style: .strong) }
    return Line(
      text:
        "Enter why  k signal  s stop  r nice  / find  t w c m n order  f freeze  q quit  ?",
      style: .dim)
  }
}
