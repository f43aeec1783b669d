import Language
import Posix
import Processes
import Session

/// `pool info` and `pool list`.
enum PoolReports {
  static func record(_ pool: Pool) -> Value {
    let facts = pool.facts
    return .record([
      "name": .text(pool.name), "size": .int(pool.target), "state": .text(facts.state),
      "busy": .int(facts.busy), "waiting": .int(facts.waiting), "done": .int(pool.succeeded),
      "failed": .int(pool.failed), "deaths": .int(pool.deaths),
    ])
  }

  static func info(_ pool: Pool) -> Value {
    guard case .map(let map) = record(pool) else { return .null }
    if let hosts = pool.hostFacts {
      let rows = hosts.map(host)
      map.set("hosts", .items(rows))
      let facts = map.pairs.filter { $0.key.asText != "hosts" }
        .map { ($0.key.asText, $0.value.asText) }
      let text = factsText(facts) + "\n\n" + Interpreter.shown(.items(rows))
      return .report(ReportObject(.map(map), text: text))
    }
    let workers = pool.facts.workers.map { worker($0, pool.session) }
    map.set("workers", .items(workers))
    var text = factsText(
      map.pairs.filter { $0.key.asText != "workers" }.map { ($0.key.asText, $0.value.asText) })
    if !workers.isEmpty { text += "\n\n" + Interpreter.shown(.items(workers)) }
    return .report(ReportObject(.map(map), text: text))
  }

  private static func host(_ host: Pool.HostFacts) -> Value {
    .record([
      "host": .text(host.host), "state": .text(host.state), "workers": .int(host.workers),
      "busy": .int(host.busy), "done": .int(host.done), "lost": .int(host.lost),
      "rtt": host.roundTrip.map { .duration($0) } ?? .null,
      "version": host.version.map { .text($0) } ?? .null, "since": .time(host.since),
    ])
  }

  private static func worker(_ worker: Pool.WorkerFacts, _ session: Session) -> Value {
    let memory = session.reader.memory(of: worker.pid)?.own
    return .record([
      "name": .text(worker.name), "pid": .int(Int(worker.pid)), "state": .text(worker.state),
      "task": worker.task.map { .int($0) } ?? .null,
      "age": worker.age.map { .duration($0) } ?? .null,
      "done": .int(worker.done), "memory": memory.map { .size($0) } ?? .null,
    ])
  }
}
