import Explore

/// What went on in a run, as far as it tells what is wrong.
struct RunHistory {
  /// Who was killed before which of its operations, counted from 0.
  var killed: [(path: ProcessPath, operation: Int)] = []
  /// Findings, in words.
  private(set) var findings: [String] = []
  /// How many operations each process has done.
  private(set) var operations: [ProcessPath: Int] = [:]
  private var cells: [String: Cell] = [:]
  private var views: [ProcessPath: [String: View]] = [:]
  private var held: [ProcessPath: Set<String>] = [:]

  /// Shared memory: how often it has changed, who did it last, and how.
  private struct Cell {
    var version = 0
    var writer = ProcessPath()
    var text = ""
  }

  /// What a process has last seen of it, and the locks that it has held since.
  private struct View {
    var version: Int
    var locks: Set<String>
  }

  /// A step is done.
  mutating func note(_ point: GatePoint, by path: ProcessPath) {
    operations[path, default: 0] += 1
    guard let object = point.operation.accesses.first?.object else { return }
    var cell = cells[object] ?? Cell()
    switch point.fact {
    case .read:
      views[path, default: [:]][object] = View(version: cell.version, locks: held[path] ?? [])
    case .writes(let isConstant):
      if let view = views[path]?[object], view.version != cell.version, view.locks.isEmpty,
        !isConstant, cell.writer != path
      {
        let place = point.place.isEmpty ? "" : " (\(point.place))"
        find(
          "lost update: \(path) does \(point.operation.name)\(place), computed from what it read "
            + "before \(cell.writer) did \(cell.text)")
      }
      cell.version += 1
      cell.writer = path
      cell.text = point.operation.name
      cells[object] = cell
      views[path, default: [:]][object] = View(version: cell.version, locks: held[path] ?? [])
    case .takes: held[path, default: []].insert(object)
    case .gives:
      held[path]?.remove(object)
      for key in (views[path] ?? [:]).keys { views[path]?[key]?.locks.remove(object) }
    case .none, .givesAll: break
    }
  }

  /// A process begins to wait for an operation.
  mutating func begin(_ point: GatePoint, by path: ProcessPath) {
    operations[path, default: 0] += 1
  }

  /// What was found since one last asked.
  mutating func takeFindings() -> [String] {
    defer { findings = [] }
    return findings
  }

  /// Says what is wrong, once.
  mutating func find(_ text: String) {
    if !findings.contains(text) { findings.append(text) }
  }
}
