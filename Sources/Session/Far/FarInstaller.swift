import Glibc
import Posix
import Processes

/// Sends a program file to the shell of a host, before there are frames: its size in a line, then its
/// bytes.
final class FarInstaller {
  private let connection: FarConnection
  private let loop: EventLoop
  private let file: Int32
  private let size: Int
  /// What is left of the line.
  private var head: [UInt8]
  private var sent = 0
  /// Told once, with what went wrong.
  private var done: ((SystemError?) -> Void)?
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  /// How often it is looked whether there is room (ns).
  private static let lookTime: Int64 = 5_000_000

  /// - Throws: why the file cannot be read.
  init(
    _ install: FarInstall, _ connection: FarConnection, _ loop: EventLoop,
    done: @escaping (SystemError?) -> Void
  ) throws(SystemError) {
    self.connection = connection
    self.loop = loop
    self.done = done
    file = try Descriptors.makePrivate(try Descriptors.open(install.path, O_RDONLY))
    let end = lseek(file, 0, SEEK_END)
    guard end > 0 else { throw SystemError(call: "lseek", code: end < 0 ? errno : EIO) }
    size = end
    head = Array("\(size)\n".utf8)
  }

  deinit {
    Descriptors.close(file)
    buffer.deallocate()
  }

  var isSent: Bool { head.isEmpty && sent == size }

  /// Sends as much as is taken, and the rest by and by.
  func send() {
    guard connection.isOpen, let done else { return }
    do throws(SystemError) {
      while !isSent, try sendPiece() {}
    } catch {
      self.done = nil
      return done(error)
    }
    if isSent {
      self.done = nil
      return done(nil)
    }
    _ = loop.addTimer(at: Clock.deadline(after: FarInstaller.lookTime)) { [weak self] in
      self?.send()
    }
  }

  /// False if nothing was taken.
  private func sendPiece() throws(SystemError) -> Bool {
    var count = head.count
    if count > 0 {
      buffer.copyBytes(from: head)
    } else {
      count = try MemoryFile.read(file, into: buffer, at: sent)
      if count == 0 { throw SystemError(call: "read", code: EIO) }
    }
    let taken = try connection.sendRaw(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    if head.isEmpty { sent += taken } else { head.removeFirst(taken) }
    return taken > 0
  }

  /// The system and kind of this machine, as `uname -sm` says it.
  static let machine: String = {
    var name = utsname()
    uname(&name)
    func text<T>(_ field: T) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return "\(text(name.sysname)) \(text(name.machine))"
  }()
}
