import Foundation
import Glibc
import Posix
import Testing

@testable import Processes

/// A machine of some processes whose /proc is a directory.
private final class Machine {
  struct Entry {
    var parent: Int32
    var state: Character = "S"
    /// So many children it forks before the next STOP stops it.
    var forks = 0
    /// So many looks pass before a STOP stops it; at each it forks one.
    var lag = 0
    var isStopping = false
    var pending: [Signal] = []
  }

  let path: String
  let directory: Int32
  var entries: [Int32: Entry] = [:]
  var sent: [(Signal, Int32, Bool)] = []
  var refusing: Set<Int32> = []
  var looks = 0
  /// Beside the processes: entries of the directory whose stat cannot be read.
  var broken: Set<Int32> = []
  private var next: Int32 = 900

  init(_ entries: [Int32: Entry]) throws {
    path = FileManager.default.temporaryDirectory.path + "/tree-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    directory = open(path, O_RDONLY | O_DIRECTORY)
    self.entries = entries
  }

  deinit {
    close(directory)
    try? FileManager.default.removeItem(atPath: path)
  }

  var living: [Int32] { entries.keys.sorted() }

  private func fork(_ parent: Int32) {
    next += 1
    entries[next] = Entry(parent: parent)
  }

  private func end(_ pid: Int32) {
    entries[pid] = nil
    // The kernel gives orphans to another one.
    for other in entries.keys where entries[other]?.parent == pid { entries[other]?.parent = 1 }
  }

  func look() throws(SystemError) -> ProcessTree {
    looks += 1
    for pid in entries.keys {
      guard let entry = entries[pid], entry.isStopping, entry.state != "T" else { continue }
      if entry.lag > 0 {
        entries[pid]?.lag -= 1
        fork(pid)
      } else {
        entries[pid]?.state = "T"
      }
    }
    let manager = FileManager.default
    for name in (try? manager.contentsOfDirectory(atPath: path)) ?? [] {
      try? manager.removeItem(atPath: "\(path)/\(name)")
    }
    for (pid, entry) in entries {
      mkdir("\(path)/\(pid)", 0o755)
      let rest = Array(repeating: "0", count: 48).joined(separator: " ")
      let line = "\(pid) (a) b) \(entry.state) \(entry.parent) \(rest)\n"
      try? line.write(toFile: "\(path)/\(pid)/stat", atomically: false, encoding: .utf8)
    }
    for pid in broken {
      mkdir("\(path)/\(pid)", 0o755)
      symlink("stat", "\(path)/\(pid)/stat")
    }
    // Of a process that ends between the list and the look there is no file.
    mkdir("\(path)/77", 0o755)
    return try ProcessTree.whole(ProcReader(root: directory))
  }

  func send(_ signal: Signal, _ pid: Int32, _ isAsked: Bool) throws(SystemError) {
    sent.append((signal, pid, isAsked))
    if refusing.contains(pid) { throw SystemError(call: "kill", code: EPERM) }
    guard let entry = entries[pid] else { throw SystemError(call: "kill", code: ESRCH) }
    switch signal {
    case .stop:
      for _ in 0..<entry.forks { fork(pid) }
      entries[pid]?.isStopping = true
      if entry.lag == 0 { entries[pid]?.state = "T" }
    case .cont:
      entries[pid]?.isStopping = false
      entries[pid]?.state = "S"
      if !entry.pending.isEmpty { end(pid) }
    case .kill: end(pid)
    default:
      if entry.state == "T" {
        entries[pid]?.pending.append(signal)
      } else if signal == .term {
        // It had a child since the last look.
        for _ in 0..<entry.forks { fork(pid) }
        end(pid)
      }
    }
  }

  var system: TreeSignal.System {
    TreeSignal.System(
      look: { () throws(SystemError) -> ProcessTree in try self.look() },
      send: { (signal, pid, isAsked) throws(SystemError) in try self.send(signal, pid, isAsked) },
      isSpared: { $0 == 5 }, pause: { _ in })
  }
}

/// A signal to a process and all below it, on machines that are made up.
@Suite struct TreeSignalTests {
  @Test func whatIsForkedMeanwhileIsReached() throws {
    let machine = try Machine([
      2: .init(parent: 1, forks: 3), 3: .init(parent: 2, forks: 2), 4: .init(parent: 3),
      6: .init(parent: 1),
    ])
    var tree = TreeSignal(.term, machine.system)
    var told: [Int32] = []
    try tree.reach([2]) { told.append($0) }
    #expect(machine.living == [6])
    #expect(Set(told) == Set(tree.members) && told.count == 8 && told.first == 2)
    #expect(!tree.isOutrun && tree.refused.isEmpty)
  }

  @Test func whoStopsLateIsWaitedFor() throws {
    let machine = try Machine([2: .init(parent: 1, lag: 5), 3: .init(parent: 2, lag: 9)])
    var tree = TreeSignal(.term, machine.system)
    try tree.reach([2])
    #expect(machine.living == [])
    #expect(tree.members.count == 2 + 5 + 9 && !tree.isOutrun)
  }

  @Test func whoIsNeverStoppedIsFollowedForATime() throws {
    let machine = try Machine([2: .init(parent: 1, lag: .max)])
    var tree = TreeSignal(.usr1, machine.system)
    try tree.reach([2])
    // It forks at each look as long as it is to be stopped; then it goes on.
    #expect(machine.looks < TreeSignal.mostLooks * 3)
    let reached = Set(machine.sent.filter { $0.0 == .usr1 }.map(\.1))
    #expect(reached.isSuperset(of: machine.living) && reached.count > TreeSignal.mostLooks / 2)
  }

  @Test func whatWasStoppedStaysSo() throws {
    let machine = try Machine([
      2: .init(parent: 1), 3: .init(parent: 2, state: "T"), 4: .init(parent: 3),
    ])
    var tree = TreeSignal(.term, machine.system)
    try tree.reach([2])
    #expect(machine.living == [3])
    #expect(machine.entries[3]?.pending == [.term])
    #expect(tree.held == [2, 4])
    #expect(machine.sent.allSatisfy { $0.2 == ($0.0 == .term) })
  }

  @Test func whatCannotBeLookedAtIsNoAnswer() throws {
    let machine = try Machine([2: .init(parent: 1), 3: .init(parent: 2)])
    machine.broken = [8]
    var tree = TreeSignal(.term, machine.system)
    #expect(throws: SystemError.self) { try tree.reach([2]) }
    #expect(machine.looks == TreeSignal.mostFailures && machine.sent.isEmpty)
  }

  /// What was stopped goes on where a later look fails.
  @Test func nobodyIsLeftStopped() throws {
    let machine = try Machine([2: .init(parent: 1), 3: .init(parent: 2)])
    var system = machine.system
    let send = system.send
    system.send = { (signal, pid, isAsked) throws(SystemError) in
      machine.broken = [8]
      try send(signal, pid, isAsked)
    }
    var tree = TreeSignal(.term, system)
    #expect(throws: SystemError.self) { try tree.reach([2]) }
    #expect(machine.entries.values.allSatisfy { $0.state == "S" } && machine.living == [2, 3])
    #expect(!machine.sent.contains { $0.0 == .term })
  }

  @Test func whatIsRefusedIsTold() throws {
    let machine = try Machine([
      2: .init(parent: 1), 3: .init(parent: 2), 4: .init(parent: 3), 5: .init(parent: 2),
    ])
    machine.refusing = [3]
    var tree = TreeSignal(.term, machine.system)
    try tree.reach([2])
    #expect(tree.refused.map(\.pid) == [3] && tree.refused.first?.error.code == EPERM)
    #expect(machine.living == [3, 5])
    #expect(!machine.sent.contains { $0.1 == 5 })
  }

  @Test func harmlessSignalsStopNobody() throws {
    let machine = try Machine([2: .init(parent: 1), 3: .init(parent: 2)])
    for signal in [Signal.cont, .chld] {
      var tree = TreeSignal(signal, machine.system)
      try tree.reach([2])
      #expect(tree.members == [2, 3])
    }
    #expect(machine.sent.map(\.1) == [2, 3, 2, 3] && !machine.sent.contains { $0.0 == .stop })
  }

  // MARK: Trees

  @Test func aTreeTellsWhatItLacks() throws {
    let machine = try Machine([2: .init(parent: 1), 3: .init(parent: 2)])
    let whole = try machine.look()
    #expect(whole.descendants(of: 1) == [2, 3] && whole.gap == nil)
    symlink("stat", machine.path + "/77/stat")
    let tree = ProcessTree(ProcReader(root: machine.directory))
    #expect(tree.gap?.code == ELOOP && tree.descendants(of: 1) == [2, 3])
    #expect(throws: SystemError.self) {
      try ProcessTree.whole(ProcReader(root: machine.directory))
    }
  }

  @Test func noListIsNoEmptyList() throws {
    let file = open("/dev/null", O_RDONLY)
    defer { close(file) }
    let reader = ProcReader(root: file)
    #expect(throws: SystemError.self) { try reader.allPids() }
    #expect(ProcessTree(reader).gap != nil)
  }

  @Test func aLineThatIsCutIsNoDeath() throws {
    let machine = try Machine([2: .init(parent: 1)])
    _ = try machine.look()
    try "2 (a".write(toFile: machine.path + "/2/stat", atomically: false, encoding: .utf8)
    #expect(ProcessTree(ProcReader(root: machine.directory)).gap?.code == EIO)
  }
}
