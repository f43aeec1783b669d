import CPosix

/// A descriptor that becomes readable when another becomes writable: for those who can wait for
/// reading only (epoll(7)).
public struct WritableProbe {
  public let descriptor: Int32

  /// Close it after use.
  public init(_ fd: Int32) throws(SystemError) {
    let epoll = try window("epoll_create1") { brood_epoll_create() }
    let code = brood_epoll_set(epoll, true, fd, UInt32(brood_ready_write), 1)
    if code < 0 {
      Descriptors.close(epoll)
      throw SystemError(call: "epoll_ctl", code: -code)
    }
    descriptor = epoll
  }

  public func close() { Descriptors.close(descriptor) }
}
