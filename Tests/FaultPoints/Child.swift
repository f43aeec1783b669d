import Channels
import Glibc
import Posix
import Processes

/// A promise that was not kept.
struct Broken: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

nonisolated(unsafe) let slots: ProcessSlots = {
  guard let slots = try? ProcessSlots() else { fatalError("there is no memory for a table") }
  return slots
}()
nonisolated(unsafe) let forever = Wait(PollSleeper())
nonisolated(unsafe) let now = Wait.not(PollSleeper())

func within(_ nanoseconds: Int64) -> Wait {
  Wait(until: Clock.deadline(after: nanoseconds), PollSleeper())
}

/// A forked process that has some channels.
struct Child {
  let pid: Int32
  let pidfd: Int32

  /// - Parameter body: its end with status 0 means success, an error status 1.
  init(having channels: [Channel], _ body: () throws -> Void) throws {
    let slot = try slots.reserve(isNested: false)
    for channel in channels { channel.admit(slot) }
    switch try forkProcess() {
    case .parent(let pid, let pidfd):
      slots.fill(slot, pid: pid)
      (self.pid, self.pidfd) = (pid, pidfd)
    case .child:
      slots.take(slot)
      do {
        try body()
        Process.exitNow(0)
      } catch {
        try? Transfer.writeAll(2, "\(Process.pid): \(error)\n")
        Process.exitNow(1)
      }
    }
  }

  /// How it ended; nil if it has not within a time (ns).
  func end(within limit: Int64) throws -> ExitInfo.Cause? {
    let deadline = Clock.deadline(after: limit)
    while Clock.monotonic < deadline {
      if let info = try Reaper.reap(pidfd) {
        Descriptors.close(pidfd)
        return info.cause
      }
      var entry = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
      _ = poll(&entry, 1, 20)
    }
    return nil
  }

  func kill() throws {
    try Process.send(.kill, toDescriptor: pidfd)
    _ = try end(within: 5_000_000_000)
  }

  /// Returns once it sleeps in poll(2), and has not run between two looks.
  func awaitSleep() throws {
    let reader = ProcReader()
    let deadline = Clock.deadline(after: 10_000_000_000)
    var last: UInt64?
    while Clock.monotonic < deadline {
      let call = reader.waiting(pid)?.name ?? ""
      let turns = reader.turns(of: pid)
      if ["poll", "ppoll", "epoll_wait", "epoll_pwait2", "recvmsg"].contains(call), let last,
        last == turns
      {
        return
      }
      last = turns
      // Some time between two looks, unless it ends.
      var entry = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
      if poll(&entry, 1, 10) > 0 { break }
    }
    throw Broken("process \(pid) does not fall asleep")
  }
}

/// In a child: it is killed at a point of what follows.
func dies(at point: Int) {
  #if DEBUG
  FaultPoint.reached = { number in
    if number == point { kill(getpid(), SIGKILL) }
  }
  #endif
}
