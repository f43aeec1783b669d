import Language
import Posix
import Processes
import Session

/// A handle whose descriptor can stand behind `>` and `<`, as the end of a raw pipe can (dup2(2)).
package protocol RedirectionTarget: Handle {
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
    return try mapErrors("cannot redirect") { try Descriptors.copyBeyondDigits(fd) }
  }

  /// Enters a program that is about to get what the redirection means.
  func admit(_ program: SlotID) {
    (handle as? any RedirectionTarget)?.admit(program, reads: reads)
  }
}
