import Channels
import CPosix
import Glibc
import Posix
import Processes

/// A connection to a server, which never waits by itself; commands may follow each other at once.
///
/// Its descriptor is private: the fork point closes it, and a child opens its own.
public final class RedisConnection {
  public private(set) var descriptor: Int32
  /// How many replies are still to come.
  public private(set) var awaited = 0
  private let depth = Process.forkDepth
  private let reader = RedisReader()
  private var out: [UInt8] = []
  private var sent = 0
  private var isConnecting = false

  /// Begins to connect.
  public init(to address: SocketAddress) throws(RedisTrouble) {
    do throws(SystemError) {
      let socket = try OwnedDescriptor(Socket.make(for: address)).makePrivate()
      switch try Socket.connect(socket.number, to: address) {
      case .done: break
      case .underway: isConnecting = true
      case .crowded: throw SystemError(call: "connect", code: EAGAIN)
      }
      descriptor = socket.release()
    } catch {
      throw .lost(error.message)
    }
  }

  deinit { close() }

  /// Whether it can be used by this process.
  var isUsable: Bool { descriptor >= 0 && depth == Process.forkDepth }

  /// Whether the other side was reached.
  var isConnected: Bool { !isConnecting }
  /// Whether it is connected, and all was sent.
  var isSent: Bool { isConnected && sent == out.count }

  public func close() {
    // A child must not close what has the number now.
    if depth == Process.forkDepth { Descriptors.close(descriptor) }
    descriptor = -1
  }

  // MARK: Sending and receiving

  /// Sends a command as far as there is room; `advance` sends the rest.
  public func send(_ words: [[UInt8]]) throws(RedisTrouble) {
    if sent == out.count {
      out.removeAll(keepingCapacity: out.count < 1 << 20)
      sent = 0
    }
    RedisCommand.append(words, to: &out)
    awaited += 1
    _ = try advance()
  }

  /// Sends what can be sent now; whether that was all.
  public func advance() throws(RedisTrouble) -> Bool {
    guard isUsable else { throw .lost("the connection was closed") }
    if isConnecting {
      guard Poll.isWritable(descriptor) else { return false }
      do throws(SystemError) {
        let code = try Socket.failure(of: descriptor)
        if code != 0 { throw SystemError(call: "connect", code: code) }
      } catch {
        throw fail(error.message)
      }
      isConnecting = false
    }
    while sent < out.count {
      let count: Int?
      do throws(SystemError) {
        count = try sendSome()
      } catch {
        throw fail(error.message)
      }
      guard let count else { return false }
      sent += count
    }
    return true
  }

  /// The next reply; nil if it has not come yet.
  public func receive() throws(RedisTrouble) -> RedisReply? {
    guard isUsable else { throw .lost("the connection was closed") }
    while true {
      if let reply = try next() {
        awaited -= 1
        return reply
      }
      if isConnecting { return nil }
      let got: Int?
      do throws(SystemError) {
        got = try receiveSome()
      } catch {
        throw fail(error.message)
      }
      guard let got else { return nil }
      if got == 0 { throw fail("it has closed the connection") }
      if got < 0 { throw garbage() }
    }
  }

  /// Feeds the reader with what has come: how much, 0 at the end, -1 for what is no reply.
  private func receiveSome() throws(SystemError) -> Int? {
    try withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 16) {
      buffer throws(SystemError) -> Int? in
      guard let count = try Socket.receive(descriptor, into: buffer) else { return nil }
      if count == 0 { return 0 }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      return (try? reader.feed(bytes)) == nil ? -1 : count
    }
  }

  /// Sends some of what is to be sent.
  private func sendSome() throws(SystemError) -> Int? {
    var outcome: Result<Int?, SystemError> = .success(nil)
    out.withUnsafeBytes { bytes in
      do throws(SystemError) {
        outcome = .success(
          try Socket.send(descriptor, UnsafeRawBufferPointer(rebasing: bytes[sent...])))
      } catch {
        outcome = .failure(error)
      }
    }
    return try outcome.get()
  }

  private func next() throws(RedisTrouble) -> RedisReply? {
    do {
      return try reader.next()
    } catch {
      throw garbage()
    }
  }

  private func fail(_ reason: String) -> RedisTrouble {
    close()
    return .lost(reason)
  }

  private func garbage() -> RedisTrouble {
    close()
    return .garbage
  }

  // MARK: Waiting

  /// Sends a command and waits for its reply; a wait that is given up closes the connection.
  ///
  /// - Parameter deadline: monotonic ns; `unanswered` is thrown then.
  public func ask(
    _ words: [[UInt8]], until deadline: Int64, _ sleeper: any Sleeper
  ) throws -> RedisReply {
    do {
      try send(words)
      return try reply(until: deadline, sleeper)
    } catch {
      close()
      throw error
    }
  }

  /// Waits for the next reply.
  public func reply(until deadline: Int64, _ sleeper: any Sleeper) throws -> RedisReply {
    var hasLooked = false
    do {
      while true {
        if try advance() {
          // A server nearby answers sooner than the event loop could fall asleep and wake up. A signal
          // that comes just before is late by no more than this call takes.
          if !hasLooked, !isConnecting, !Attention.isPending {
            hasLooked = true
            _ = Poll.isReadable(descriptor, milliseconds: 2)
          }
          if let reply = try receive() { return reply }
          try sleep([descriptor], until: deadline, sleeper)
        } else {
          let probe = try WritableProbe(descriptor)
          defer { probe.close() }
          try sleep([probe.descriptor], until: deadline, sleeper)
        }
      }
    } catch {
      close()
      throw error
    }
  }

  private func sleep(
    _ descriptors: [Int32], until deadline: Int64, _ sleeper: any Sleeper
  ) throws {
    if deadline != .max, Clock.monotonic >= deadline { throw RedisTrouble.unanswered(nil) }
    _ = try Wait(until: deadline, sleeper).sleepOnce(descriptors)
  }
}

/// poll(2) of one descriptor.
private enum Poll {
  /// Waits for so long at most, or until a signal comes.
  static func isReadable(_ fd: Int32, milliseconds: Int32) -> Bool {
    var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, milliseconds) > 0
  }

  /// Without waiting.
  static func isWritable(_ fd: Int32) -> Bool {
    var entry = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
    return poll(&entry, 1, 0) > 0
  }
}
