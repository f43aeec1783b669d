import Channels
import Glibc
import Posix
import Processes
import Redis

/// A process that beats for its parent, which becomes a program while it holds something on a server;
/// not while that is stopped, and not for longer than it lives.
enum RedisKeeper {
  /// Forks it, if there is something to beat for.
  static func start(_ rhythms: [RedisHeart.Rhythm]) {
    if rhythms.isEmpty { return }
    let parent = Process.pid
    guard (try? forkBare(number: 0)) == 0 else { return }
    letGoOfDescriptors()
    run(rhythms, for: parent)
  }

  // The other ends of pipes must see that the program has closed its own.
  private static func letGoOfDescriptors() {
    for fd in 0..<Descriptors.privateBase { Descriptors.close(fd) }
    for _ in 0..<3 { _ = Glibc.open("/dev/null", O_RDWR) }
  }

  private static func run(_ rhythms: [RedisHeart.Rhythm], for parent: Int32) -> Never {
    var substitutes = rhythms.map { RedisSubstitute($0) }
    let reader = ProcReader()
    while Process.parentPid == parent, !substitutes.allSatisfy(\.isOver) {
      let state = reader.stat(parent)?.state
      if state != UInt8(ascii: "T"), state != UInt8(ascii: "t") {
        for index in substitutes.indices where !substitutes[index].isOver {
          substitutes[index].beat()
        }
      }
      Attention.clear()
      _ = usleep(UInt32(RedisHeart.pause / 1000))
    }
    Process.exitNow(0)
  }
}
