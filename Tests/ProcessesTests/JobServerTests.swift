import Posix
import Testing

@testable import Processes

/// What MAKEFLAGS says of a jobserver.
@Suite struct JobServerTests {
  @Test(arguments: [
    (" -j4 --jobserver-auth=3,4", "3,4"), ("--jobserver-fds=5,6 -j", "5,6"),
    ("w -j2 --jobserver-auth=fifo:/tmp/GMfifo12 -- A=b", "fifo:/tmp/GMfifo12"),
    (" -j --jobserver-auth=fifo:/tmp/a\\ b/f", "fifo:/tmp/a b/f"),
    (" --jobserver-auth=3,4 --jobserver-auth=-2,-2", "-2,-2"),
  ])
  func itIsNamed(_ flags: String, _ name: String) { #expect(JobServer.name(in: flags) == name) }

  @Test(arguments: ["", "k", " -j1", " -- A=--jobserver-auth=3,4 --jobserver-auth=5,6"])
  func thereIsNone(_ flags: String) { #expect(JobServer.name(in: flags) == nil) }

  @Test(arguments: [
    " --jobserver-auth=-2,-2", " --jobserver-auth=9000,9001", " --jobserver-auth=fifo:/dev/null",
    " --jobserver-auth=fifo:/nowhere", " --jobserver-auth=x", " --jobserver-auth=",
  ])
  func itIsOutOfReach(_ flags: String) throws {
    guard case .closed = try JobServer.search(makeflags: flags) else {
      Issue.record("'\(flags)' is taken for a jobserver")
      return
    }
  }
}
