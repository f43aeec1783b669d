import Channels
import Posix
import Processes

/// Beats for a process that cannot do so itself, since it has become a program.
public struct RedisSubstitute {
  private let rhythm: RedisHeart.Rhythm
  private var connection: RedisConnection?
  /// Whether the server says that nothing is held any more.
  public private(set) var isOver = false

  public init(_ rhythm: RedisHeart.Rhythm) { self.rhythm = rhythm }

  /// One beat; never waits.
  public mutating func beat() {
    do throws(RedisTrouble) {
      if connection?.isUsable != true {
        let made = try RedisConnection(to: rhythm.place)
        for words in rhythm.greeting { try made.send(words) }
        connection = made
      }
      guard let connection else { return }
      _ = try connection.advance()
      while let reply = try connection.receive() {
        if reply == .integer(0) { isOver = true }
      }
      if connection.awaited < 16 { try connection.send(rhythm.beat) }
    } catch {
      connection?.close()
      connection = nil
    }
  }
}
