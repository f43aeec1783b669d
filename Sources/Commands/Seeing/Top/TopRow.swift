import Processes

/// One process as `top` shows it.
struct TopRow {
  let pid: Int32
  let parent: Int32
  /// With the pid it names a process for ever.
  let startTicks: UInt64
  let name: String
  /// The letter and marks of `ps`, as `S+`.
  let state: String
  /// What it waits for; nil if it was not looked at yet.
  var waits: String?
  /// For how long (ns); nil if it does not wait, or has not noted it.
  let since: Int64?
  /// The channels that it holds or has items of, as `lock a, queue jobs`.
  let holds: String
  /// How many items the queue has that it waits at, as `3/10`.
  let queue: String
  /// In percent of one CPU: since the sample before, or since its start.
  let cpu: Double
  /// Resident, in bytes.
  let memory: Int64
  /// How deep it stands in the tree.
  var depth = 0
  /// No other child of its parent comes behind it.
  var isLastChild = true

  var letter: Character { state.first ?? "?" }
  var isStopped: Bool { letter == "T" }
}

/// What `top` saw at one moment.
struct TopSample {
  var rows: [TopRow] = []
  /// Queues and how full they are, as `jobs 3/10`.
  var queues: [String] = []
  /// Pools and how far they are.
  var pools: [String] = []
  /// Time of day, as `12:30:05`.
  var time = ""

  /// In percent of one CPU.
  var cpu: Double { rows.reduce(0) { $0 + $1.cpu } }
  /// In bytes.
  var memory: Int64 { rows.reduce(0) { $0 &+ $1.memory } }
}

/// In which order rows stand.
enum TopOrder: String, CaseIterable {
  case tree
  case waits = "longest wait"
  case cpu = "CPU"
  case memory
  case name

  /// The key that chooses it.
  var key: Character {
    switch self {
    case .tree: "t"
    case .waits: "w"
    case .cpu: "c"
    case .memory: "m"
    case .name: "n"
    }
  }

  /// Rows in this order.
  ///
  /// - Complexity: O(n log n).
  func sorted(_ rows: [TopRow]) -> [TopRow] {
    switch self {
    case .tree: return TopOrder.tree(rows)
    case .waits:
      return rows.sorted { ($0.since ?? -1, $1.pid) > ($1.since ?? -1, $0.pid) }
    case .cpu: return rows.sorted { ($0.cpu, $1.pid) > ($1.cpu, $0.pid) }
    case .memory: return rows.sorted { ($0.memory, $1.pid) > ($1.memory, $0.pid) }
    case .name: return rows.sorted { ($0.name, $0.pid) < ($1.name, $1.pid) }
    }
  }

  /// Children behind their parents, in the order of their starts.
  private static func tree(_ rows: [TopRow]) -> [TopRow] {
    var children: [Int32: [Int]] = [:]
    let known = Set(rows.map(\.pid))
    var roots: [Int] = []
    let order = rows.indices.sorted {
      ProcessStat.isOlder(
        (rows[$0].startTicks, rows[$0].pid), than: (rows[$1].startTicks, rows[$1].pid))
    }
    for index in order {
      let row = rows[index]
      if known.contains(row.parent), row.parent != row.pid {
        children[row.parent, default: []].append(index)
      } else {
        roots.append(index)
      }
    }
    var result: [TopRow] = []
    result.reserveCapacity(rows.count)
    // The stack has the next one on top.
    var stack = roots.reversed().map { (index: $0, depth: 0, isLast: true) }
    while let (index, depth, isLast) = stack.popLast() {
      var row = rows[index]
      row.depth = depth
      row.isLastChild = isLast
      result.append(row)
      let own = children[row.pid] ?? []
      for child in own.reversed() { stack.append((child, depth + 1, child == own.last)) }
    }
    return result
  }
}
