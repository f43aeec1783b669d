import Channels
import Language
import Posix
import Processes
import Session
import ShellHost

extension PipeHandle: RedirectionTarget {
  func descriptor(reads: Bool) throws -> Int32 {
    try PipeTarget(.handle(self), sends: !reads).rawDescriptor(reads: reads)
  }

  func admit(_ program: SlotID, reads: Bool) {
    pipe.admit(program, having: plainEnd(sends: !reads))
  }
}

extension PipeEndHandle: RedirectionTarget {
  func descriptor(reads: Bool) throws -> Int32 {
    try PipeTarget(.handle(self), sends: !reads).rawDescriptor(reads: reads)
  }

  func admit(_ program: SlotID, reads: Bool) { owner.pipe.admit(program, having: end) }
}

extension PipeTarget {
  fileprivate func rawDescriptor(reads: Bool) throws -> Int32 {
    guard handle.pipe.form == .raw else {
      throw ErrorObject(
        .type, "\(handle.shown) carries values, and a redirection needs bytes",
        help: "make it with --raw: pipe new \(handle.name) --raw")
    }
    return try work(reads ? "read from" : "write to") { try $0.descriptor(end) }
  }
}

extension SocketHandle: RedirectionTarget {
  func descriptor(reads: Bool) throws -> Int32 {
    let fd = try working("redirect") { try socket.connection() }
    let count = socket.pending
    if reads, count > 0 {
      throw ErrorObject(
        .type,
        "cannot redirect \(shown): \(count) bytes were read that no verb has taken",
        help: "take them first: socket read \(name)")
    }
    // Programs expect to wait, and Brood's own verbs never do (MSG_DONTWAIT).
    try mapErrors("cannot redirect \(shown)") { try Descriptors.setNonBlocking(fd, false) }
    return fd
  }

  func admit(_ program: SlotID, reads: Bool) {}
}
