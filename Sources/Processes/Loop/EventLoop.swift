import CPosix
import Glibc
import Posix

/// One epoll set with callbacks: descriptors, ended children, timers, and recorded signals.
///
/// Callbacks may add and remove sources and may wait on the loop again (a handler that runs a
/// blocking verb). The epoll set is made at first use and is never shared with a forked child.
public final class EventLoop {
  private var epoll: Int32 = -1
  private var table: [Int32: WatchEntry] = [:]
  private var alwaysReady: Set<Int32> = []
  private var timers = TimerHeap()
  private var generation: UInt32 = 0

  /// Runs before the process sleeps, to flush output.
  public var beforeSleep: (() -> Void)?
  /// Called after each sleep.
  public var afterSleep: (() -> Void)?

  /// Whether `Signal.timer` interrupts computing code when the earliest timer is due.
  public var interruptsForTimers = false {
    didSet { armTimer() }
  }
  /// The same for timers that must be kept, whatever else turns the other on and off.
  public var keepsTime = false {
    didSet { armTimer() }
  }
  private var armed: Int64 = 0
  private var depth = Process.forkDepth

  /// Makes an empty loop; costs nothing until it is used.
  public init() {}

  deinit { if !isInherited { Descriptors.close(epoll) } }

  /// Whether all of it is the parent's.
  private var isInherited: Bool { depth != Process.forkDepth }

  // A forked child drops all sources at first use; the parent's epoll set is left alone. Not at
  // once, since every page that a child writes costs it 6 us, and many never wait.
  private func dropInherited() {
    depth = Process.forkDepth
    epoll = -1  // private, closed by the fork point
    table = [:]
    actions = 0
    alwaysReady = []
    timers = TimerHeap()
    armed = 0
  }

  /// Whether there is nothing to serve: no descriptor is watched, no timer set.
  public var isIdle: Bool { isInherited || (table.isEmpty && timers.earliest() == nil) }

  /// Whether something is served that could change anything for other processes, but what pools'
  /// workers send: a timer, or a descriptor that is watched for it.
  public var mayAct: Bool {
    if isIdle { return false }
    return actions > 0 || timers.earliest() != nil
  }
  /// Watches of that purpose.
  private var actions = 0

  // MARK: Sources

  /// Calls `body` whenever the descriptor is ready, or has hung up, until removed (epoll_ctl(2)).
  ///
  /// Several watches may share a descriptor. Remove them before closing it. A regular file is
  /// always ready.
  ///
  /// - Parameter purpose: what of other processes `body` can change.
  public func watch(
    _ fd: Int32, for interest: Interest, as purpose: WatchPurpose = .action,
    _ body: @escaping () -> Void
  ) throws(SystemError) -> Watch {
    let epoll = try opened()
    generation = generation == .max ? 1 : generation + 1
    var entry = table[fd] ?? WatchEntry(generation: generation)
    let watcher = WatchEntry.Watcher(
      number: generation, interest: interest, purpose: purpose, body: body)
    entry.watchers.append(watcher)
    var code = brood_epoll_set(epoll, table[fd] == nil, fd, entry.events, entry.key(fd))
    if code == -ENOENT {
      // A caller closed the number with a watch on it: this is a new file.
      actions -= table[fd]?.actions ?? 0
      table[fd] = nil
      entry = WatchEntry(generation: generation, watchers: [watcher])
      alwaysReady.remove(fd)
      code = brood_epoll_set(epoll, true, fd, entry.events, entry.key(fd))
    }
    if code == -EPERM {
      alwaysReady.insert(fd)
    } else if code < 0 {
      throw SystemError(call: "epoll_ctl", code: -code, detail: "descriptor \(fd)")
    }
    table[fd] = entry
    if purpose == .action { actions += 1 }
    return Watch(fd: fd, number: generation)
  }

  /// Calls `body` once when the process of this pidfd has ended; the zombie stays.
  ///
  /// Removed at the first report, since a zombie's pidfd stays readable.
  public func watchExit(
    _ pidfd: Int32, as purpose: WatchPurpose = .action, _ body: @escaping () -> Void
  ) throws(SystemError) -> Watch {
    var own: Watch?
    let watch = try watch(pidfd, for: .read, as: purpose) { [weak self] in
      if let own { self?.remove(own) }
      body()
    }
    own = watch
    return watch
  }

  /// Removes a watch; removing twice does nothing.
  public func remove(_ watch: Watch) {
    guard !isInherited, var entry = table[watch.fd],
      let index = entry.watchers.firstIndex(where: { $0.number == watch.number })
    else { return }
    if entry.watchers.remove(at: index).purpose == .action { actions -= 1 }
    let gone = entry.watchers.isEmpty
    table[watch.fd] = gone ? nil : entry
    if alwaysReady.contains(watch.fd) {
      if gone { alwaysReady.remove(watch.fd) }
      return
    }
    if gone {
      _ = brood_epoll_remove(epoll, watch.fd)
    } else {
      _ = brood_epoll_set(epoll, false, watch.fd, entry.events, entry.key(watch.fd))
    }
  }

  /// Calls `body` once at a moment of the monotonic clock (ns).
  public func addTimer(at deadline: Int64, _ body: @escaping () -> Void) -> TimerID {
    if isInherited { dropInherited() }
    let timer = timers.insert(at: deadline, body)
    armTimer()
    return timer
  }

  /// Cancels a timer; a timer that has fired is ignored.
  public func cancel(_ timer: TimerID) {
    if isInherited { return }
    timers.cancel(timer)
    armTimer()
  }

  // MARK: Serving

  /// Sleeps at most `timeout` ns (nil: no limit), then serves what is ready, once.
  ///
  /// Yields how many callbacks ran. Returns at once while the attention flag is set.
  @discardableResult
  public func poll(timeout: Int64?) throws(SystemError) -> Int {
    let epoll = try opened()
    let limit = sleepLimit(timeout)
    if limit != 0 { beforeSleep?() }
    var served = 0
    let result = withUnsafeTemporaryAllocation(of: brood_event.self, capacity: 64) { events in
      let count = brood_epoll_wait(epoll, events.baseAddress, 64, limit)
      if limit != 0 { afterSleep?() }
      for event in events.prefix(Int(max(0, count))) { served += dispatch(event) }
      return count
    }
    try checked("epoll_wait") { result }
    for fd in alwaysReady {
      served += run(fd, entry: table[fd], UInt32(brood_ready_read) | UInt32(brood_ready_write))
    }
    return served + runTimers()
  }

  // Negative means no limit.
  func sleepLimit(_ timeout: Int64?) -> Int64 {
    if Attention.isPending || !alwaysReady.isEmpty { return 0 }
    guard let earliest = timers.earliest() else { return timeout ?? -1 }
    let rest = max(0, earliest - Clock.monotonic)
    return timeout.map { min($0, rest) } ?? rest
  }

  private func dispatch(_ event: brood_event) -> Int {
    if event.key == 0 {
      brood_wake_drain()
      return 0
    }
    let fd = Int32(truncatingIfNeeded: event.key & 0xffff_ffff)
    // A callback before this one may have closed the number and another taken it.
    guard let entry = table[fd], entry.generation == UInt32(event.key >> 32) else { return 0 }
    return run(fd, entry: entry, event.events)
  }

  private func run(_ fd: Int32, entry: WatchEntry?, _ events: UInt32) -> Int {
    guard let entry else { return 0 }
    var served = 0
    for watcher in entry.watchers where watcher.wants(events) {
      let stillThere = table[fd]?.watchers.contains { $0.number == watcher.number } ?? false
      guard stillThere else { continue }
      watcher.body()
      served += 1
    }
    return served
  }

  private func runTimers() -> Int {
    guard let earliest = timers.earliest() else { return 0 }
    let now = Clock.monotonic
    guard earliest <= now else { return 0 }
    var served = 0
    while let body = timers.takeDue(now) {
      body()
      served += 1
    }
    armTimer()
    return served
  }

  private func armTimer() {
    let interrupts = interruptsForTimers || keepsTime
    guard interrupts || armed != 0 else { return }
    let wanted = interrupts ? max(1, timers.earliest() ?? 0) : 0
    let deadline = timers.earliest() == nil ? 0 : wanted
    if deadline == armed { return }
    // Without the kernel timer, timers are only late while the program computes.
    if (try? Attention.arm(at: deadline)) != nil { armed = deadline }
  }

  func opened() throws(SystemError) -> Int32 {
    if isInherited { dropInherited() }
    if epoll >= 0 { return epoll }
    let fd = try checked("epoll_create1") { brood_epoll_create() }
    let wake = try checked("eventfd") { brood_wake_fd() }
    try checked("epoll_ctl") { brood_epoll_set(fd, true, wake, UInt32(brood_ready_read), 0) }
    epoll = fd
    return fd
  }
}
