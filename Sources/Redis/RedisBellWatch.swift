import Channels
import Posix

/// Waits for a bell beside other things: a descriptor that becomes readable when it has rung.
public final class RedisBellWatch {
  private let client: RedisClient
  private var connection: RedisConnection?
  private var from = ""

  public init(_ client: RedisClient) { self.client = client }

  /// Begins to wait from an item of the bell; yields what becomes readable.
  public func begin(
    from id: String, until deadline: Int64, _ sleeper: any Sleeper
  ) throws -> Int32 {
    if let connection, connection.isUsable {
      if connection.awaited > 0, id == from, try connection.receive() == nil {
        return connection.descriptor
      }
      if connection.awaited > 0 { connection.close() }
    }
    let used = connection?.isUsable == true ? connection : nil
    let next = try used ?? client.borrow(until: deadline, sleeper)
    connection = next
    from = id
    try next.send(client.bellQuestion(from: id, milliseconds: 60_000))
    return next.descriptor
  }

  /// Whether it has rung, or the wait is over for another reason.
  public var isOver: Bool {
    guard let connection, connection.isUsable else { return true }
    guard let reply = try? connection.receive() else { return !connection.isUsable }
    _ = reply
    return true
  }

  public func end() {
    if let connection { client.giveBack(connection) }
    connection = nil
  }
}
