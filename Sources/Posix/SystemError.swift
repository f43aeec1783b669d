import CPosix
import Glibc

/// A system call that failed, with what it was asked to work on.
public struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The call as its manual page is named: "open", "pidfd_open".
  public let call: String

  /// The errno value.
  public let code: Int32

  /// What the call worked on (a path, a pid), if that helps a reader.
  public let detail: String?

  /// Makes an error from an errno value.
  public init(call: String, code: Int32, detail: String? = nil) {
    self.call = call
    self.code = code
    self.detail = detail
  }

  /// The symbolic name, such as "ENOENT".
  public var name: String {
    guard let text = brood_error_name(code) else { return "errno \(code)" }
    return String(cString: text)
  }

  /// What errno says in words, such as "No such file or directory" (strerror(3)).
  public var message: String {
    guard let text = strerror(code) else { return name }
    return String(cString: text)
  }

  /// Call, detail and message in one line.
  public var description: String {
    guard let detail else { return "\(call): \(message)" }
    return "\(call) \(detail): \(message)"
  }
}

/// Runs a libc call that reports by -1 and errno; EINTR is retried unless `interruptible`.
@inlinable
@inline(__always)
package func libc<Result: SignedInteger>(
  _ call: String, _ detail: @autoclosure () -> String? = nil, interruptible: Bool = false,
  _ body: () -> Result
) throws(SystemError) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    let code = errno
    if code == EINTR && !interruptible { continue }
    throw SystemError(call: call, code: code, detail: detail())
  }
}

/// Runs a function of CPosix, which reports by a negated errno; EINTR likewise.
@inlinable
@inline(__always)
@discardableResult
public func checked<Result: SignedInteger>(
  _ call: String, _ detail: @autoclosure () -> String? = nil, interruptible: Bool = false,
  _ body: () -> Result
) throws(SystemError) -> Result {
  while true {
    let result = body()
    if result >= 0 { return result }
    let code = Int32(truncatingIfNeeded: -result)
    if code == EINTR && !interruptible { continue }
    throw SystemError(call: call, code: code, detail: detail())
  }
}
