import Glibc
import Posix
import Testing

@testable import Processes

/// Descriptors and timers of one loop, without a process beside it.
@Suite(.serialized) struct EventLoopTests {
  private final class Pipe {
    private(set) var ends: [Int32] = [-1, -1]

    init() { _ = pipe(&ends) }
    deinit { for fd in ends where fd >= 0 { close(fd) } }

    var readEnd: Int32 { ends[0] }

    func write() { _ = Glibc.write(ends[1], "x", 1) }

    func closeReadEnd() {
      close(ends[0])
      ends[0] = -1
    }
  }

  @Test func aDescriptorIsToldWhileItIsReady() throws {
    let (loop, pipe) = (EventLoop(), Pipe())
    var count = 0
    let watch = try loop.watch(pipe.readEnd, for: .read) { count += 1 }
    #expect(try loop.poll(timeout: 0) == 0)
    pipe.write()
    #expect(try loop.poll(timeout: 0) == 1)
    #expect(try loop.poll(timeout: 0) == 1)
    #expect(count == 2)
    loop.remove(watch)
    #expect(try loop.poll(timeout: 0) == 0)
    #expect(loop.isIdle)
  }

  @Test func twoWatchesShareADescriptor() throws {
    let (loop, pipe) = (EventLoop(), Pipe())
    var seen: [String] = []
    let one = try loop.watch(pipe.readEnd, for: .read) { seen.append("one") }
    _ = try loop.watch(pipe.readEnd, for: .read) { seen.append("two") }
    pipe.write()
    _ = try loop.poll(timeout: 0)
    #expect(seen.sorted() == ["one", "two"])
    loop.remove(one)
    seen = []
    _ = try loop.poll(timeout: 0)
    #expect(seen == ["two"])
  }

  /// The first to run removes the other, whose event was already fetched.
  @Test func anEventOfWhatWasRemovedMeanwhileIsNotTold() throws {
    let loop = EventLoop()
    let (a, b) = (Pipe(), Pipe())
    var watches: [Watch] = []
    var count = 0
    for pipe in [a, b] {
      let watch = try loop.watch(pipe.readEnd, for: .read) {
        count += 1
        for watch in watches { loop.remove(watch) }
        watches = []
      }
      watches.append(watch)
    }
    a.write()
    b.write()
    _ = try loop.poll(timeout: 0)
    #expect(count == 1)
  }

  /// A callback closes another descriptor and watches a new one of the same number.
  @Test func anEventOfAReusedDescriptorIsNotTold() throws {
    let loop = EventLoop()
    let (a, b) = (Pipe(), Pipe())
    var fresh: [Pipe] = []
    var stale = 0
    var early = 0
    var watches: [Int32: Watch] = [:]
    for (pipe, other) in [(a, b), (b, a)] {
      watches[pipe.readEnd] = try loop.watch(pipe.readEnd, for: .read) {
        stale += 1
        guard stale == 1 else { return }
        let number = other.readEnd
        if let watch = watches[number] { loop.remove(watch) }
        other.closeReadEnd()
        // The lowest free number is taken, which is that one sooner or later.
        while fresh.last?.readEnd != number, fresh.count < 64 { fresh.append(Pipe()) }
        _ = try? loop.watch(number, for: .read) { early += 1 }
      }
    }
    a.write()
    b.write()
    _ = try loop.poll(timeout: 0)
    #expect(stale == 1)
    #expect(early == 0)
  }

  @Test func aRegularFileIsAlwaysReady() throws {
    let loop = EventLoop()
    let fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC)
    defer { close(fd) }
    var count = 0
    let watch = try loop.watch(fd, for: .read) { count += 1 }
    _ = try loop.poll(timeout: nil)
    #expect(count == 1)
    loop.remove(watch)
  }

  @Test func timersRunInTheirOrderAndOnce() throws {
    let loop = EventLoop()
    var seen: [Int] = []
    let now = Clock.monotonic
    _ = loop.addTimer(at: now - 1) { seen.append(2) }
    _ = loop.addTimer(at: now - 2) { seen.append(1) }
    let never = loop.addTimer(at: now - 3) { seen.append(0) }
    loop.cancel(never)
    _ = try loop.poll(timeout: nil)
    #expect(seen == [1, 2])
    #expect(loop.isIdle)
  }

  @Test func aDescriptorThatIsNoneIsAnError() {
    #expect(throws: SystemError.self) { try EventLoop().watch(9999, for: .read) {} }
  }
}
