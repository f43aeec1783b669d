import Language
import Pools
import Posix
import Processes

extension Pool {
  /// Lets hosts finish what they do, and begin nothing further there.
  public func drain(_ names: [String]) throws {
    guard let far else {
      throw ErrorObject(
        .failed, "the pool '\(name)' has its workers on this machine",
        help: "pool size and pool close end workers here")
    }
    let hosts = try names.map { name in
      guard let host = far.hosts.all.first(where: { $0.name == name }) else {
        let known = far.hosts.all.map(\.name).joined(separator: ", ")
        throw ErrorObject(
          .missing, "the pool '\(self.name)' has no host '\(name)'", help: "there are: \(known)")
      }
      return host
    }
    for host in hosts { host.drain() }
  }
}

extension PoolJob {
  /// Notes that a task was cut off by the end of its host's time, and yields whether it needs more
  /// than there is: it had more than half of that, twice.
  func isCutOff(_ task: Int, since begun: Int64, at host: FarHost) -> Bool {
    let now = Clock.monotonic
    guard host.isEnding, now - begun > (now - host.readyAt) / 2 else { return false }
    cutOffs[task, default: 0] += 1
    return cutOffs[task, default: 0] >= 2
  }

  /// The error of a task at which a worker died alone: after some such deaths it is the likely cause.
  func noteDeath(of task: Int, _ error: ErrorObject) -> ErrorObject {
    let count = deaths[task, default: 0] + 1
    deaths[task] = count
    guard count >= FarCrew.mostDeaths else { return error }
    return error.amended {
      $0.payload["suspect"] = .bool(true)
      $0.help = "\(count) workers died at it while their hosts lived: it seems to be the cause"
    }
  }

  /// The error of a task that was lost with its host, which names all those that it was lost with.
  ///
  /// - Parameter isFutile: it needs more time than there is.
  func lost(
    _ task: Int, with host: String, _ reason: String, isFutile: Bool = false
  ) -> ErrorObject {
    let hosts = (lostWith[task] ?? []) + [host]
    lostWith[task] = hosts
    let times = hosts.count == 1 ? "" : " \(hosts.count) times"
    let list = hosts.joined(separator: ", ")
    let payload: [String: Value] = [
      "hosts": .items(hosts.map { .text($0) }), "host": .text(host),
    ]
    return isFutile
      ? ErrorObject(
        .peerDied,
        "the task needs longer than the allocation: its host's time ended\(times) (\(list))",
        help: "an allocation with more time, or tasks that take less", payload: payload)
      : ErrorObject(
        .peerDied, "the task was lost\(times) with its host (\(list)): \(reason)",
        help: "--lost N makes such an attempt again up to N times", payload: payload)
  }
}
