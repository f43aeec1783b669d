import CPosix

/// A system call in which a thread sleeps (/proc/PID/syscall).
public struct SystemCall: Sendable, Equatable {
  /// Its name, such as `read`; `syscall 999` if it is not a common one.
  public let name: String
  /// Its six raw arguments.
  public let arguments: [UInt64]

  /// Makes one of a name and raw arguments.
  public init(name: String, arguments: [UInt64]) {
    self.name = name
    self.arguments = arguments
  }

  /// An argument as a whole number with a sign, as C's int; 0 if there is none.
  func int(_ index: Int) -> Int32 {
    index < arguments.count ? Int32(truncatingIfNeeded: arguments[index]) : 0
  }

  /// An argument as an address or an unsigned number; 0 if there is none.
  func word(_ index: Int) -> UInt64 { index < arguments.count ? arguments[index] : 0 }
}

/// What a thread does, as /proc/PID/syscall tells.
public enum Activity: Sendable, Equatable {
  /// It is on a CPU, or ready for one.
  case running
  case call(SystemCall)
  /// It sleeps outside of any call, as on a page of a file.
  case outside
  /// It may not be read.
  case hidden
  case ended
}

extension ProcFiles {
  /// What a thread does.
  ///
  /// - Parameter thread: its number; that of the process is its first.
  public func activity(of pid: Int32, thread: Int32? = nil) -> Activity {
    if hidden.contains(.call) { return .hidden }
    let name = thread.map { "task/\($0)/syscall" } ?? "syscall"
    switch with(pid, name, parse) {
    case .known(let activity): return activity
    case .ended: return .ended
    case .hidden: return .hidden
    }
  }

  /// The kernel function in which a thread sleeps; nil if there is none or it is hidden.
  public func channel(of pid: Int32) -> String? {
    if hidden.contains(.channel) { return nil }
    guard let text = text(pid, "wchan").value, !text.isEmpty, text != "0" else { return nil }
    return text
  }

  private func parse(_ bytes: UnsafeRawBufferPointer) -> Activity? {
    let text = String(decoding: bytes, as: UTF8.self)
    let fields = text.split(whereSeparator: \.isWhitespace)
    guard let first = fields.first else { return nil }
    if first == "running" { return .running }
    guard let number = Int(first) else { return nil }
    guard number >= 0, fields.count >= 7 else { return .outside }
    // A thread of the kernel is in no system call, and shows zeros.
    if fields.allSatisfy({ $0 == "0" || $0 == "0x0" }) { return .outside }
    let arguments = fields[1...6].map { UInt64($0.dropFirst(2), radix: 16) ?? 0 }
    let name = brood_syscall_name(Int64(number)).map { String(cString: $0) }
    return .call(SystemCall(name: name ?? "syscall \(number)", arguments: arguments))
  }
}
