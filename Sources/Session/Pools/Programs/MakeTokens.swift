import Language
import Pools
import Posix
import Processes

/// The tokens of a make jobserver, for the programs of a run.
final class MakeTokens: TokenSource {
  private let server: JobServer
  private let loop: EventLoop
  private var watch: Watch?
  /// There may be a token.
  var onToken: () -> Void = {}

  init(_ server: JobServer, _ loop: EventLoop) {
    self.server = server
    self.loop = loop
  }

  func take() -> Bool { server.take() }
  func giveBack(_ count: Int) { server.giveBack(count) }

  func want(_ isWanted: Bool) {
    if isWanted == (watch != nil) { return }
    if let watch {
      loop.remove(watch)
      self.watch = nil
    } else {
      // Where it cannot be watched, a token is tried for when a program ends.
      watch = try? loop.watch(server.home, for: .read) { [weak self] in self?.onToken() }
    }
  }

  /// The run is over: what it has left goes back, whatever came between.
  func end() {
    want(false)
    server.giveBackAll()
  }
}

extension Session {
  /// The jobserver of a make above this process; nil if there is none.
  ///
  /// What it takes a guardian gives back, should this process be killed; in a forked child only
  /// the child itself does.
  ///
  /// - Returns: nil if there is none, or it is out of reach, which `isClosed` tells.
  public func findJobServer(makeflags: String) throws -> (server: JobServer?, isClosed: Bool) {
    // A child's copy has no descriptors any more.
    if let jobServer, !isChild { return (jobServer, false) }
    switch try mapErrors(
      "cannot use make's jobserver", { try JobServer.search(makeflags: makeflags) })
    {
    case .none: return (nil, false)
    case .closed: return (nil, true)
    case .open(let server):
      if !isChild {
        server.isHeldByGuardians()
        try renewGuardian()
        jobServer = server
      }
      return (server, false)
    }
  }
}
