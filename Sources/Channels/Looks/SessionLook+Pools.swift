import CPosix
import Posix
import Waits

/// What stands in the session's table beside its channels: pools, and signals that are waited for.
extension SessionLook {
  /// The pool in which a worker works.
  func pool(of worker: brood_process_look) -> ObjectID { .pool(worker.pool, of: worker.owner) }

  /// Adds the pools that have workers.
  ///
  /// A worker that has said that it waits for a task, while its owner counts it as one that has one,
  /// has sent a result, or is about to receive a task: then the owner, or it, goes on.
  func addPools(_ graph: inout WaitGraph) {
    var pools: [ObjectID: WaitObject] = [:]
    for member in members where member.look.pool != 0 && member.look.pid > 0 {
      let look = member.look
      let id = pool(of: look)
      var pool =
        pools[id]
        ?? WaitObject(
          id, name: "pool \(Self.poolName(ofWorker: member.name))", [.init(look.owner, .canPut)],
          isTrue: [.value: false, .result: false])
      let isIdle = look.manager > 0
      pool.shares.append(.init(look.pid, isIdle ? .waits : .canAct))
      let hasEnded = graph.processes[look.pid]?.state == .ended
      if hasEnded || !isIdle && waitsForTask(look) { pool.isTrue[.result] = true }
      pools[id] = pool
    }
    for pool in pools.values { graph.add(pool) }
  }

  /// What its own record says.
  private func waitsForTask(_ look: brood_process_look) -> Bool {
    guard look.has_wait, let target = WaitNote.Seen(look.wait).sleep.targets.first else {
      return false
    }
    return target.object.kind == .pool && target.want == .value
  }

  /// The part of a worker's name before its number.
  static func poolName(ofWorker name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }

  /// The signals whose blocks have run in a process.
  func handled(_ look: brood_process_look) -> [WaitProcess.Handled] {
    withUnsafeBytes(of: look.handled) { bytes in
      bytes.bindMemory(to: brood_handled.self).filter { $0.signal != 0 }.map { one in
        let place = memory.text(one.text).map { SourcePlace($0, line: Int(one.line)) }
        return .init(signal: Int32(truncatingIfNeeded: one.signal), when: one.when, place: place)
      }
    }
  }

  /// Adds the signals that processes wait for: those may come from anywhere.
  func addSignals(_ graph: inout WaitGraph) {
    for pid in graph.order {
      for target in graph.processes[pid]?.sleep?.targets ?? []
      where target.object.kind == .signal && graph.objects[target.object] == nil {
        let name = Signal(Int32(truncatingIfNeeded: target.object.number))?.name ?? "a signal"
        graph.add(
          WaitObject(
            target.object, name: name, reach: .outsiders("any process that sends the signal"),
            isTrue: [.signal: false]))
      }
    }
  }
}
