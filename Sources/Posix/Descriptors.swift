import CPosix
import Glibc

/// Descriptors as plain numbers, with the session's private ones above a fixed number.
///
/// Whatever only this process may hold (pidfds, epoll, sockets of workers) is moved up with
/// `makePrivate`, and the fork point closes all of it at once. What forked children share (users'
/// channels) stays below. Everything is close-on-exec.
public enum Descriptors {
  /// The smallest limit of open files with which a session can work.
  public static let least = Int(BROOD_LEAST_FILES)

  /// Raises the soft RLIMIT_NOFILE and fixes the private range; call once, first (getrlimit(2)).
  ///
  /// Throws EMFILE if the limit is below `least`.
  public static func start() throws(SystemError) {
    try checked("setrlimit") { brood_files_start() }
  }

  /// The lowest private descriptor number.
  public static var privateBase: Int32 { brood_private_base() }

  /// Moves a descriptor into the private range; the old number is closed (fcntl(2) F_DUPFD).
  public static func makePrivate(_ fd: Int32) throws(SystemError) -> Int32 {
    try checked("fcntl") { brood_move_to_private(fd) }
  }

  /// Copies a descriptor into the private range.
  public static func privateCopy(of fd: Int32) throws(SystemError) -> Int32 {
    try checked("fcntl", "descriptor \(fd)") { brood_copy_to_private(fd) }
  }

  /// Copies a descriptor to a number that no redirection names: those have one digit.
  public static func copyBeyondDigits(_ fd: Int32) throws(SystemError) -> Int32 {
    let copy = try libc("fcntl", "descriptor \(fd)") { fcntl(fd, F_DUPFD_CLOEXEC, 10) }
    try requireShared(copy)
    return copy
  }

  /// Moves a new descriptor of a channel or socket to a number that no redirection names, so that
  /// `4> file` cannot take its place; it stays where there is no such number left.
  public static func moveBeyondDigits(_ fd: Int32) -> Int32 {
    if fd < 0 || fd >= 10 { return fd }
    let copy = fcntl(fd, F_DUPFD_CLOEXEC, 10)
    if copy < 0 { return fd }
    if copy >= privateBase {
      close(copy)
      return fd
    }
    close(fd)
    return copy
  }

  /// Checks that descriptors forked children should share lie below the private range.
  ///
  /// Throws EMFILE, and closes them all, if not.
  public static func requireShared(_ fds: Int32...) throws(SystemError) {
    guard fds.contains(where: { $0 >= privateBase }) else { return }
    for fd in fds { close(fd) }
    throw SystemError(call: "open", code: EMFILE, detail: "more than \(privateBase) descriptors")
  }

  /// Opens a file close-on-exec (open(2)).
  ///
  /// Throws EINTR if a signal came while opening blocks (a FIFO without a peer), so that the
  /// caller can run handlers and try again.
  public static func open(
    _ path: String, _ flags: Int32, mode: UInt32 = 0o666
  ) throws(SystemError) -> Int32 {
    try checked("open", path, interruptible: true) { brood_open(path, flags | O_CLOEXEC, mode) }
  }

  /// Closes a descriptor; errors are of no use to anybody (close(2)).
  public static func close(_ fd: Int32) {
    if fd >= 0 { _ = Glibc.close(fd) }
  }

  /// Makes a pipe, close-on-exec (pipe2(2)).
  public static func pipe() throws(SystemError) -> (read: Int32, write: Int32) {
    var ends: (read: Int32, write: Int32) = (-1, -1)
    try checked("pipe2") { brood_pipe(&ends.read, &ends.write) }
    try requireShared(ends.read, ends.write)
    return ends
  }

  /// Makes a connected pair of message sockets (socketpair(2), SOCK_SEQPACKET).
  public static func messagePair() throws(SystemError) -> (Int32, Int32) {
    var ends: (Int32, Int32) = (-1, -1)
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    _ = try withUnsafeMutableBytes(of: &ends) { bytes throws(SystemError) in
      try libc("socketpair") {
        socketpair(AF_UNIX, type, 0, bytes.assumingMemoryBound(to: Int32.self).baseAddress)
      }
    }
    ends = (moveBeyondDigits(ends.0), moveBeyondDigits(ends.1))
    try requireShared(ends.0, ends.1)
    return ends
  }

  /// Copies a descriptor to the lowest free number, close-on-exec (fcntl(2) F_DUPFD_CLOEXEC).
  public static func duplicate(_ fd: Int32) throws(SystemError) -> Int32 {
    try libc("fcntl", "descriptor \(fd)") { fcntl(fd, F_DUPFD_CLOEXEC, 3) }
  }

  /// Makes `target` a copy of `fd` that programs inherit (dup2(2)).
  public static func copy(_ fd: Int32, onto target: Int32) throws(SystemError) {
    if fd == target { return try setCloseOnExec(fd, false) }
    _ = try libc("dup2", "descriptor \(fd)") { dup2(fd, target) }
  }

  /// Sets or clears close-on-exec (fcntl(2) F_SETFD).
  private static func setCloseOnExec(_ fd: Int32, _ on: Bool) throws(SystemError) {
    _ = try libc("fcntl", "descriptor \(fd)") { fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) }
  }

  /// Sets or clears O_NONBLOCK, which is shared by all copies of the descriptor (fcntl(2)).
  public static func setNonBlocking(_ fd: Int32, _ on: Bool) throws(SystemError) {
    let flags = try libc("fcntl", "descriptor \(fd)") { fcntl(fd, F_GETFL) }
    let wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
    if wanted != flags { _ = try libc("fcntl") { fcntl(fd, F_SETFL, wanted) } }
  }

  /// Whether the number is an open descriptor.
  public static func isOpen(_ fd: Int32) -> Bool { fcntl(fd, F_GETFD) >= 0 }
}

/// A descriptor that becomes readable when another becomes writable: for those who can wait for
/// reading only (epoll(7)).
public struct WritableProbe {
  public let descriptor: Int32

  /// Close it after use.
  public init(_ fd: Int32) throws(SystemError) {
    let epoll = try checked("epoll_create1") { brood_epoll_create() }
    let code = brood_epoll_set(epoll, true, fd, UInt32(brood_ready_write), 1)
    if code < 0 {
      Descriptors.close(epoll)
      throw SystemError(call: "epoll_ctl", code: -code)
    }
    descriptor = epoll
  }

  public func close() { Descriptors.close(descriptor) }
}

/// A descriptor that is closed when its owner is gone, on each way out.
///
/// What is kept for long, and given to forked children by its number, is kept as that number instead.
public struct OwnedDescriptor: ~Copyable {
  /// The number, which stays this value's.
  public let number: Int32

  /// Takes a descriptor over; a negative number is none.
  public init(_ number: Int32) { self.number = number }

  deinit { Descriptors.close(number) }

  /// Gives the descriptor to the caller, who closes it.
  public consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }

  /// Moves it into the private range (fcntl(2) F_DUPFD).
  ///
  /// - Throws: EMFILE; the descriptor is closed then.
  public consuming func makePrivate() throws(SystemError) -> OwnedDescriptor {
    OwnedDescriptor(try Descriptors.makePrivate(release()))
  }
}
