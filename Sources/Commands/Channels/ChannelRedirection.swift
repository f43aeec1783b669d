import Channels
import Language
import Posix
import Processes
import Session

/// A handle whose descriptor can stand behind `>` and `<`, as the end of a raw pipe can (dup2(2)).
protocol RedirectionTarget: Handle {
  /// The descriptor for one direction; throws where there is none.
  func descriptor(reads: Bool) throws -> Int32

  /// Enters a program that is about to get the descriptor, so that who waits counts on it.
  func admit(_ program: SlotID, reads: Bool)
}

extension Redirection {
  /// Whether the descriptor is read from.
  private var reads: Bool {
    if case .read = kind { return true }
    return false
  }

  /// A copy of the descriptor that a handle has, whose number no redirection names; the caller owns it.
  func descriptor(of handle: Handle) throws -> Int32 {
    guard let target = handle as? any RedirectionTarget else {
      throw ErrorObject(
        .type,
        "a redirection goes to a path, a pipe's end or a socket, not to \(Value.handle(handle).described)"
      )
    }
    let fd = try target.descriptor(reads: reads)
    return try asking("cannot redirect") { try Descriptors.copyBeyondDigits(fd) }
  }

  /// Enters a program that is about to get what the redirection means.
  func admit(_ program: SlotID) {
    (handle as? any RedirectionTarget)?.admit(program, reads: reads)
  }
}

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
    let fd = try connection("redirect")
    if reads, !inbox.bytes.isEmpty {
      throw ErrorObject(
        .type,
        "cannot redirect \(shown): \(inbox.bytes.count) bytes were read that no verb has taken",
        help: "take them first: socket read \(name)")
    }
    // Programs expect to wait, and Brood's own verbs never do (MSG_DONTWAIT).
    try asking("cannot redirect \(shown)") { try Descriptors.setNonBlocking(fd, false) }
    return fd
  }

  func admit(_ program: SlotID, reads: Bool) {}
}
