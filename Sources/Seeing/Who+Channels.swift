import Channels
import Posix
import Waits

extension Who {
  /// Which processes of a session have a channel, by its name there; nil if it has none of that name.
  public init?(channel name: String, in memory: SessionMemory) {
    let first = SessionLook(memory, of: .channels)
    Survey.pause(Survey.interval)
    let look = SessionLook(memory, of: .channels)
    self.init(channel: name, in: look.graph(since: first))
    gaps = look.gaps
  }

  /// The same in a graph.
  public init?(channel name: String, in graph: WaitGraph) {
    // A pipe is an object for each direction.
    let sides = graph.objects.values.filter { object in
      let words = object.name.split(separator: " ", maxSplits: 1)
      return object.id.kind.isChannel && words.count == 2 && words[1] == name
    }.sorted { $0.id.device < $1.id.device }
    guard let first = sides.first else { return nil }
    let holders = sides.flatMap(\.shares).filter { $0.roles.contains(.holds) }
    // The next process that wants it takes it from the dead.
    let isLeft = !holders.isEmpty && holders.allSatisfy { Who.hasEnded($0.pid, graph) }
    let detail = isLeft ? "free, its holder has ended" : first.detail
    head = detail.isEmpty ? first.name : "\(first.name): \(detail)"
    rows = []
    for side in sides {
      for share in side.shares {
        if rows.contains(where: { $0.pid == share.pid }) { continue }
        let row = Who.row(share, sides, graph)
        // Who has ended can do nothing with it; only what it held is told of.
        if Who.hasEnded(share.pid, graph), !row.does.contains(where: Who.isHolding) { continue }
        rows.append(row)
      }
    }
    rows.sort { one, other in
      func rank(_ row: Row) -> Int {
        row.does.contains(where: Who.isHolding) ? 0 : row.does.contains("waits") ? 1 : 2
      }
      if rank(one) != rank(other) { return rank(one) < rank(other) }
      return (-(one.since ?? 0), one.pid) < (-(other.since ?? 0), other.pid)
    }
  }

  private static func isHolding(_ word: String) -> Bool {
    word == "holds" || word == "lent" || word.hasPrefix("held")
  }

  private static func hasEnded(_ pid: Int32, _ graph: WaitGraph) -> Bool {
    guard let process = graph.processes[pid] else { return true }
    if case .ended = process.state { return true }
    return false
  }

  private static func row(
    _ share: WaitObject.Share, _ sides: [WaitObject], _ graph: WaitGraph
  ) -> Row {
    let all = sides.flatMap(\.shares).filter { $0.pid == share.pid }
    var roles = all.reduce(into: WaitObject.Roles()) { $0.formUnion($1.roles) }
    let process = graph.processes[share.pid]
    let sleep = graph.sleep(of: share.pid)
    let waits = sleep?.targets.contains { target in sides.contains { $0.id == target.object } }
    if waits ?? false { roles.insert(.waits) }
    // What may act on it has it, which says enough.
    if roles.remove(.canAct) != nil, roles.isEmpty { roles = .has }
    var words = roles.words
    if Who.hasEnded(share.pid, graph) {
      words = words.map { $0 == "holds" ? "held until it ended" : $0 }
    }
    return Row(
      name: process?.name ?? "", pid: share.pid, does: words, count: share.count,
      since: waits ?? false ? sleep.map { max(0, graph.moment - $0.since) } : nil,
      waits: sleep.map(Phrases(graph: graph, reader: .outside).short) ?? "")
  }
}
