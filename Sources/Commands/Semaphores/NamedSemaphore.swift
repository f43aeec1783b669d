import Glibc
import Language
import Posix
import Session

/// A semaphore that scripts of a user share by its name: a directory of files, each a permit that is
/// held by a lock of the file (flock(2)).
///
/// The lock is the truth: it goes with the last process that has the file open, however that ends, so
/// nothing has to be cleaned up. Who waits holds the gate, so that one process at a time waits for any
/// of the permits; it has a child wait for each of them, since flock(2) waits for one.
struct NamedSemaphore {
  private let directory: String
  private let name: String
  private let count: Int
  private let session: Session
  private let interpreter: Interpreter

  /// So many permits one may have.
  static let counts = 1...1000

  /// - Throws: `system` if the directory cannot be made, or is another user's.
  init(_ name: String, count: Int, _ interpreter: Interpreter) throws {
    self.count = count
    self.interpreter = interpreter
    session = interpreter.session
    self.name = try NamedSemaphore.fileName(name)
    directory = try NamedSemaphore.makeDirectory()
  }

  /// The name as that of a file: what is no letter, digit, `-` or `_` in ASCII is escaped.
  private static func fileName(_ name: String) throws -> String {
    var result = ""
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }
    }
    guard !result.isEmpty, result.utf8.count <= 200 else {
      throw ErrorObject(
        .range,
        "the name of a semaphore has from 1 to 200 characters, others than ASCII count as more")
    }
    return result
  }

  /// One place for all sessions and jobs of a user, whatever their environment is.
  private static func makeDirectory() throws -> String {
    let path = "/tmp/brood-\(geteuid())"
    do throws(SystemError) {
      if mkdir(path, 0o700) != 0, errno != EEXIST {
        throw SystemError(call: "mkdir", code: errno, detail: path)
      }
      let status = try FileStatus(path, following: false)
      guard status.kind == .directory, status.owner == geteuid(), status.permissions & 0o022 == 0
      else {
        throw SystemError(call: "open", code: EPERM, detail: path)
      }
    } catch {
      throw error.asError(
        "cannot keep semaphores in \(path)",
        help: "it must be a directory of yours that no other user may write to")
    }
    return path
  }

  // MARK: Taking

  /// Waits for a permit; yields the descriptor that holds it, or nil at the deadline.
  func take(until deadline: Int64?) throws -> Int32? {
    let gate = try open("gate")
    defer { Descriptors.close(gate) }
    guard try wait(for: [gate], until: deadline) != nil else { return nil }
    return try takeAny(until: deadline)
  }

  /// Waits until no permit is held; false at the deadline.
  func waitUntilFree(until deadline: Int64?) throws -> Bool {
    let gate = try open("gate")
    defer { Descriptors.close(gate) }
    guard try wait(for: [gate], until: deadline) != nil else { return false }
    for number in NamedSemaphore.counts where exists(number) {
      let permit = try open("\(number)")
      defer { Descriptors.close(permit) }
      guard try wait(for: [permit], until: deadline) != nil else { return false }
    }
    return true
  }

  private func takeAny(until deadline: Int64?) throws -> Int32? {
    while true {
      var permits: [Int32] = []
      var taken: Int32?
      defer { for fd in permits where fd != taken { Descriptors.close(fd) } }
      for number in 1...count {
        let fd = try open("\(number)")
        permits.append(fd)
        if try mapErrors("cannot take a permit", { try WholeFileLock.tryTake(fd) }) {
          taken = fd
          break
        }
      }
      if taken == nil {
        guard let place = try wait(for: permits, until: deadline) else { return nil }
        taken = permits[place]
      }
      // The lock of a file that was removed meanwhile keeps no other process off.
      if let fd = taken, isInPlace(fd, permits.firstIndex(of: fd) ?? 0) {
        // What removes old files of /tmp shall find it young.
        futimens(fd, nil)
        return fd
      }
      taken = nil
    }
  }

  private func path(_ part: String) -> String { "\(directory)/\(name).\(part)" }

  private func exists(_ number: Int) -> Bool { access(path("\(number)"), F_OK) == 0 }

  private func open(_ part: String) throws -> Int32 {
    try mapErrors("cannot open the semaphore") {
      let fd = try Descriptors.open(path(part), O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
      return Descriptors.moveBeyondDigits(fd)
    }
  }

  /// Whether the file of a permit, counted from 0, is still the one that its path leads to.
  private func isInPlace(_ fd: Int32, _ place: Int) -> Bool {
    guard let own = try? FileStatus(descriptor: fd),
      let current = try? FileStatus(path("\(place + 1)"), following: false)
    else { return false }
    return own.inode == current.inode && own.device == current.device
  }

  // MARK: Waiting

  /// Waits until one of several locks is taken, for all copies of its descriptor; yields which, or nil
  /// at the deadline.
  private func wait(for locks: [Int32], until deadline: Int64?) throws -> Int? {
    for (place, fd) in locks.enumerated() {
      if try mapErrors("cannot take a permit", { try WholeFileLock.tryTake(fd) }) { return place }
    }
    if let deadline, deadline <= Clock.monotonic { return nil }
    var waiters: [ProcessHandle] = []
    var winner: Int?
    defer {
      for waiter in waiters where waiter.record == nil {
        try? Process.send(.kill, to: waiter.pid)
      }
      for (place, waiter) in waiters.enumerated() {
        session.postponing { _ = try session.wait(for: waiter, interpreter) }
        // It may have had its lock just before.
        if place != winner { WholeFileLock.release(locks[place]) }
      }
    }
    for fd in locks {
      var options = ForkOptions(kind: .helper, command: "wait for a permit")
      options.prefix = "permit"
      options.isDaemon = true
      waiters.append(
        try session.fork(options, interpreter) {
          while true {
            do throws(SystemError) {
              try WholeFileLock.take(fd)
              Process.exitNow(0)
            } catch {
              if error.code != EINTR { Process.exitNow(1) }
              try interpreter.host.attend(interpreter)
            }
          }
        })
    }
    guard let ended = try session.waitAny(of: waiters, interpreter, until: deadline) else {
      return nil
    }
    guard let place = waiters.firstIndex(where: { $0 === ended }), ended.record?.exit == 0 else {
      throw ErrorObject(
        .failed, "what waited for a permit has ended: \(ended.record?.phrase ?? "")")
    }
    winner = place
    return place
  }
}
