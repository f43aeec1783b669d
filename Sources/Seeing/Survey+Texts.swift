import Glibc
import Posix
import Processes
import Waits

/// What is said of a process beside the graph: states that only the kernel tells.
extension Survey {
  /// A process that is not asleep, or not in the same sleep as before.
  func describeAwake(_ pid: Int32, _ member: Member) {
    let stat = member.sight.stat
    note(pid) { situation in
      switch stat.state {
      case UInt8(ascii: "R"):
        situation.phrase =
          member.isKeptWaiting
          ? "could run, but has not had a CPU for \(Wording.duration(Survey.interval)) or more"
          : "runs"
      case UInt8(ascii: "Z"):
        let parent = self.stat(stat.parent)
        let who = parent.map { "\($0.name) (\(stat.parent))" } ?? "\(stat.parent)"
        situation.phrase = "\(ending(stat.exitCode)); it is a zombie until \(who) waits for it"
        situation.waits = "wait by \(who)"
        situation.wakers = [stat.parent]
      case UInt8(ascii: "X"): situation.phrase = "has ended"
      case _ where member.sight.runningThreads > 0:
        situation.phrase =
          "runs: \(member.sight.runningThreads) of its \(stat.threads) threads do"
      case _ where stat.isKernelThread: situation.phrase = "is a thread of the kernel"
      default: situation.phrase = "sleeps and wakes: it was not in the same sleep at two looks"
      }
    }
  }

  /// `ended with status 3`, of the code that waitpid(2) yields.
  private func ending(_ code: Int32) -> String {
    let signal = code & 0x7f
    if signal == 0 { return "ended with status \((code >> 8) & 0xff)" }
    return "was ended by \(Posix.Signal(signal)?.name ?? "signal \(signal)")"
  }

  /// A process that is asleep or stopped; what the graph says is said from there.
  func describe(
    _ situation: inout Situation, _ pid: Int32, _ member: Member, _ sleep: Sleep,
    _ deadline: Int64?
  ) {
    if member.sight.stat.isKernelThread {
      situation.phrase = "is a thread of the kernel"
      return
    }
    switch member.sight.stat.state {
    case UInt8(ascii: "T"), UInt8(ascii: "t"): describeStopped(&situation, pid, member, sleep)
    case UInt8(ascii: "D") where !member.isHidden:
      describeUninterruptible(&situation, pid, member, sleep)
    default: describeAsleep(&situation, pid, member, sleep, deadline)
    }
    let threads = member.sight.stat.threads
    if threads > 1 {
      situation.notes.append(
        "it has \(threads) threads; this is what its first one does: of each one tells "
          + ThreadTools.line(for: stat(pid)?.name ?? "", pid))
    }
  }

  private func describeStopped(
    _ situation: inout Situation, _ pid: Int32, _ member: Member, _ sleep: Sleep
  ) {
    let sight = member.sight
    if sight.stat.state == UInt8(ascii: "t") {
      let tracer = stat(sight.tracer).map { "\($0.name) (\(sight.tracer))" } ?? "a debugger"
      situation.phrase = "is stopped by \(tracer), which traces it"
      situation.waits = "its tracer"
      return
    }
    var by = Posix.Signal(sight.stat.exitCode)?.name
    if by == nil, case .input(let number) = sleep.awaited,
      holders.descriptor(number, of: pid)?.kind == .terminal
    {
      by = "TTIN"
    }
    situation.phrase = by.map { "is stopped by \($0)" } ?? "is stopped"
    situation.waits = "CONT"
    if by == "TTIN" {
      situation.notes.append("it read the terminal in the background; fg brings it to the front")
    } else if by == "TTOU" {
      situation.notes.append("it wrote to the terminal, or set it, in the background")
    }
    let pending = ProcessSight.Signals.numbers(sight.signals.pending).compactMap {
      Posix.Signal($0)?.name
    }
    if !pending.isEmpty {
      let verb = pending.count == 1 ? "is" : "are"
      situation.notes.append(
        "\(Wording.list(pending)) \(verb) pending and will act when it goes on")
    }
  }

  private func describeUninterruptible(
    _ situation: inout Situation, _ pid: Int32, _ member: Member, _ sleep: Sleep
  ) {
    if case .borrowedMemory = sleep.awaited {
      let child = situation.wakers.first.flatMap { pid in stat(pid).map { "\($0.name) (\(pid))" } }
      situation.phrase =
        "is in D: it lent its memory to \(child ?? "its child") by \(sleep.call.name), and goes on "
        + "when that becomes another program or ends"
      situation.waits = "\(sleep.call.name) \(child ?? "")"
      situation.notes.append("it cannot be stopped, and TERM cannot end it meanwhile")
      return
    }
    let channel = files.channel(of: pid)
    situation.phrase = "is in D, which no signal interrupts" + (channel.map { ": \($0)" } ?? "")
    situation.waits = [sleep.call.name, channel ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
  }

  private func describeAsleep(
    _ situation: inout Situation, _ pid: Int32, _ member: Member, _ sleep: Sleep,
    _ deadline: Int64?
  ) {
    if member.isHidden {
      let guess = member.channel.flatMap(Survey.meaning(ofChannel:))
      situation.phrase =
        guess.map { "probably \($0)" } ?? "sleeps; what for cannot be read"
      situation.waits = guess == nil ? "?" : member.channel ?? "?"
      gap("the system call of \(pid) may not be read" + (guess == nil ? "" : ", only its wchan"))
      return
    }
    switch sleep.awaited {
    case .time:
      situation.phrase = "sleeps"
      situation.waits = "time"
      switch sleep.limit {
      case .lasting(let length) where deadline == Int64.max:
        situation.phrase += " for \(Wording.duration(length)), since when is not known"
      case .unknown: situation.phrase += " for a time that cannot be read"
      default: break
      }
    case .input(0):
      if let name = graph.objects[resolvedObject(pid)]?.name {
        situation.phrase = "reads its standard input, \(name)"
      }
    case .partner(let path, _, let isForReading):
      let name = graph.objects[resolvedObject(pid)]?.name ?? path
      let (mine, other) = isForReading ? ("reading", "writing") : ("writing", "reading")
      situation.phrase =
        "opens the named pipe \(name) for \(mine), and waits for one that opens it for \(other)"
      situation.waits = "open \(name)"
    case .signal: situation.waits = sleep.call.name
    case .other:
      let name = sleep.call.name
      situation.phrase = name.isEmpty ? "sleeps in the kernel" : "is in \(name)"
      situation.waits = name
      if name == "restart_syscall" {
        situation.phrase = "goes on with a sleep after a stop; with which cannot be read"
      }
    default: break
    }
    if let deadline, deadline != Int64.max {
      situation.notes.append(timeLeft(until: deadline))
    }
    noteTerminal(&situation, pid, member, sleep)
  }

  func timeLeft(until deadline: Int64) -> String {
    "it ends by itself in \(Wording.duration(deadline - moment))"
  }

  private func resolvedObject(_ pid: Int32) -> ObjectID {
    graph.processes[pid]?.sleep?.targets.first?.object ?? ObjectID(.other, 0)
  }

  private func noteTerminal(
    _ situation: inout Situation, _ pid: Int32, _ member: Member, _ sleep: Sleep
  ) {
    let stat = member.sight.stat
    guard case .input(let number) = sleep.awaited, stat.foregroundGroup > 0,
      stat.group != stat.foregroundGroup,
      holders.descriptor(number, of: pid)?.kind == .terminal
    else { return }
    situation.notes.append("it is in the background and would be stopped by TTIN")
  }

  /// What a function of the kernel that a process sleeps in means, where no call can be read.
  static func meaning(ofChannel channel: String) -> String? {
    let table: [(String, String)] = [
      ("futex", "waits for a lock or a semaphore"), ("pipe_read", "reads a pipe that is empty"),
      ("pipe_write", "writes to a pipe that is full"),
      ("pipe_wait", "waits for a pipe"), ("wait_for_partner", "opens a named pipe"),
      ("unix_stream", "reads a Unix socket"), ("unix_wait_for_peer", "writes to a Unix socket"),
      ("skb_wait_for_more_packets", "reads a socket, or waits for a connection"),
      ("sk_wait_data", "reads a connection of TCP"), ("inet_csk_accept", "waits for a connection"),
      ("do_wait_intr", "waits for an eventfd"), ("do_wait", "waits for a child"),
      ("hrtimer_nanosleep", "sleeps for a time"), ("nanosleep", "sleeps for a time"),
      ("pause", "waits for a signal"), ("sigsuspend", "waits for a signal"),
      ("sigtimedwait", "waits for a signal"),
      ("locks_lock_inode_wait", "wants a lock of a file"), ("flock", "wants a lock of a file"),
      ("fcntl_setlk", "wants a lock of a file"), ("posix_lock", "wants a lock of a file"),
      ("msgrcv", "waits for a message"), ("msgsnd", "waits for room for a message"),
      ("semtimedop", "waits for a System V semaphore"), ("wq_sleep", "waits for a POSIX queue"),
      ("poll_schedule", "waits for one of several descriptors"),
      ("do_select", "waits for one of several descriptors"),
      ("ep_poll", "waits for one of several descriptors"),
      ("epoll_wait", "waits for one of several descriptors"),
      ("wait_woken", "reads a terminal, or a connection of TCP"),
      ("n_tty_read", "reads a terminal"),
      ("do_signal_stop", "is stopped"), ("kernel_clone", "lent its memory to a child"),
    ]
    return table.first { strstr(channel, $0.0) != nil }?.1
  }
}
