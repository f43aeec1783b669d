import CPosix
import Glibc

/// What came of reading something of another process.
///
/// An error is no answer: only what the kernel calls gone has ended, all else is not known.
public enum Reading<Value> {
  case known(Value)
  /// There is no such process, or no such descriptor, any more.
  case ended
  /// It may not be read by this user, or cannot be read now.
  case hidden(errno: Int32)

  /// The value, if there is one.
  public var value: Value? {
    if case .known(let value) = self { return value }
    return nil
  }

  /// Whether it could not be read although it may be there.
  public var isHidden: Bool {
    if case .hidden = self { return true }
    return false
  }

  /// The same of another value.
  public func map<Result>(_ change: (Value) -> Result) -> Reading<Result> {
    switch self {
    case .known(let value): .known(change(value))
    case .ended: .ended
    case .hidden(let code): .hidden(errno: code)
    }
  }

  /// From the negative error number of a function in C.
  static func failed(_ code: Int) -> Reading {
    let code = Int32(truncatingIfNeeded: -code)
    return code == ENOENT || code == ESRCH ? .ended : .hidden(errno: code)
  }
}

/// Files of /proc about other processes, read into one buffer that is used again and again.
///
/// Nothing that is read here stops, wakes or signals a process, or opens what it has open.
public final class ProcFiles {
  /// Parts that tests hide, as a system without the right to read them does.
  public struct Hidden: OptionSet, Sendable {
    /// The bits.
    public let rawValue: Int
    /// Makes a set of bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// The system call in which it sleeps.
    public static let call = Hidden(rawValue: 1)
    /// The kernel function in which it sleeps.
    public static let channel = Hidden(rawValue: 2)
    /// Its descriptors.
    public static let descriptors = Hidden(rawValue: 4)
    /// Its memory.
    public static let memory = Hidden(rawValue: 8)

    /// `syscall,wchan,fd,memory`, in any order.
    public init(words: String) {
      self = []
      for word in words.split(separator: ",") {
        switch word {
        case "syscall": insert(.call)
        case "wchan": insert(.channel)
        case "fd": insert(.descriptors)
        case "memory": insert(.memory)
        default: break
        }
      }
    }
  }

  /// What could not be read.
  public let hidden: Hidden
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)

  /// - Parameter hidden: what is taken for unreadable.
  public init(hiding hidden: Hidden = []) { self.hidden = hidden }

  deinit { buffer.deallocate() }

  /// Whether /proc shows the processes of this process's own pid namespace.
  public var isOwn: Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { target in
      guard let base = target.baseAddress,
        case let length = readlink("/proc/self", base, target.count), length > 0
      else { return false }
      let digits = target.prefix(length).map { UInt8(bitPattern: $0) }
      return String(decoding: digits, as: UTF8.self) == String(getpid())
    }
  }

  /// Lends a small file's bytes (at most 64 KiB); they are overwritten by the next call.
  func with<Result>(
    _ pid: Int32, _ name: String, _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Reading<Result> {
    let length = brood_proc_read(pid, name, buffer.baseAddress, buffer.count)
    guard length >= 0 else { return .failed(Int(length)) }
    guard let result = body(UnsafeRawBufferPointer(rebasing: buffer.prefix(Int(length)))) else {
      // A file that is cut short is one of a process that is ending.
      return .hidden(errno: EIO)
    }
    return .known(result)
  }

  /// A small file as text.
  public func text(_ pid: Int32, _ name: String) -> Reading<String> {
    with(pid, name) { String(decoding: $0, as: UTF8.self) }
  }

  /// Where a link leads, such as `cwd` or `fd/3`.
  public func link(_ pid: Int32, _ name: String) -> Reading<String> {
    let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
    let length = brood_proc_link(pid, name, base, buffer.count)
    guard length >= 0 else { return .failed(Int(length)) }
    return .known(String(decoding: buffer.prefix(Int(length)), as: UTF8.self))
  }

  /// A part of a process's memory.
  public func memory(_ pid: Int32, at address: UInt64, count: Int) -> Reading<[UInt8]> {
    if hidden.contains(.memory) { return .hidden(errno: EPERM) }
    var code = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: max(0, count)) { room, used in
      code = Int(brood_read_memory(pid, address, room.baseAddress, count))
      used = max(0, code)
    }
    return code < 0 ? .failed(code) : .known(bytes)
  }

  /// A number of a process's memory.
  func number<Number: FixedWidthInteger>(
    _ pid: Int32, at address: UInt64, as type: Number.Type
  ) -> Number? {
    guard let bytes = memory(pid, at: address, count: MemoryLayout<Number>.size).value,
      bytes.count == MemoryLayout<Number>.size
    else { return nil }
    return bytes.withUnsafeBytes { $0.loadUnaligned(as: type) }
  }

  /// A text that ends with a zero byte, at most 4096 bytes of it.
  func string(_ pid: Int32, at address: UInt64) -> String? {
    // What lies behind the end of a page may not be mapped.
    let toPageEnd = 4096 - Int(address % 4096)
    var found: [UInt8] = []
    for count in [toPageEnd, 4096] {
      guard let bytes = memory(pid, at: address &+ UInt64(found.count), count: count).value else {
        return nil
      }
      if let end = bytes.firstIndex(of: 0) {
        return String(decoding: found + bytes[..<end], as: UTF8.self)
      }
      found += bytes
    }
    return nil
  }
}
