import Glibc
import Language
import Posix
import Processes
import Session

/// `top` at a terminal: keys in, frames out.
final class TopScreen {
  /// How often it draws (ns).
  static let period: Int64 = 1_000_000_000
  /// With very many processes it draws less often: it may use a 40th part of a CPU.
  private static let share: Int64 = 40

  private let interpreter: Interpreter
  private let session: Session
  private var sampler: TopSampler
  private var view = TopView()
  private var keys = TopKeyReader()
  private var pressed: [TopKey] = []
  private var drawn: [TopView.Line] = []
  private var size = Terminal.Size(rows: 24, columns: 80)
  /// The terminal has another size, or others may have drawn.
  private var isStale = true
  private var isSuspended = false
  /// The terminal is gone.
  private var isGone = false
  /// The Linux console and others have no second screen that could be left.
  private let hasSecondScreen: Bool

  init(_ interpreter: Interpreter, _ sampler: TopSampler, term: String) {
    self.interpreter = interpreter
    session = interpreter.session
    self.sampler = sampler
    hasSecondScreen = !["linux", "vt", "ansi", "sun", "con"].contains { term.hasPrefix($0) }
  }

  private var entering: String { (hasSecondScreen ? "\u{1B}[?1049h" : "") + "\u{1B}[?25l\u{1B}[2J" }
  private var leaving: String {
    "\u{1B}[0m\u{1B}[?25h" + (hasSecondScreen ? "\u{1B}[?1049l" : "\u{1B}[2J\u{1B}[H")
  }

  /// Ends when a key leaves it; an interrupt and what ends the process are thrown.
  func run() throws {
    let signals: [(Signal, () throws -> Void)] = [
      (.winch, { [weak self] in self?.isStale = true }),
      (.cont, { [weak self] in self?.isStale = true }),
      (.tstp, { [weak self] in self?.isSuspended = true }),
    ]
    var before: [(Signal, Signals.Disposition, (() throws -> Void)?)] = []
    // What the user has decided about stays so.
    for (signal, action) in signals where session.handlers.blocks[signal] == nil {
      let hook = session.handlers.hooks[signal]
      if signal == .tstp, session.isInteractive { continue }
      before.append((signal, Signals.disposition(of: signal), hook))
      session.handlers.hooks[signal] = {
        try hook?()
        try action()
      }
      try mapErrors("cannot hear of \(signal.name)") { try Signals.set(signal, .record) }
    }
    defer {
      for (signal, disposition, hook) in before {
        session.handlers.hooks[signal] = hook
        try? Signals.set(signal, disposition)
      }
    }
    try enter()
    session.hooks.heldOutput = ""
    defer {
      let held = session.hooks.heldOutput ?? ""
      session.hooks.heldOutput = nil
      leave()
      try? write(held)
    }
    // What a handler prints in the middle of the picture goes with the next one.
    let beforeWriting = session.output.beforeWriting
    session.output.beforeWriting = { [weak self] in
      beforeWriting?()
      self?.isStale = true
    }
    defer { session.output.beforeWriting = beforeWriting }
    let watch = try mapErrors("cannot watch the terminal") {
      try session.loop.watch(0, for: .read) { [weak self] in self?.readKeys() }
    }
    defer { session.loop.remove(watch) }
    try redraw()
  }

  private func redraw() throws {
    var next: Int64 = 0
    while !isGone {
      if isSuspended { try suspend() }
      if isStale { try begin() }
      if Clock.monotonic >= next {
        let used = Clock.processTime
        if !view.isFrozen || view.rows.isEmpty { view.take(sampler.sample()) }
        let cost = min(Clock.processTime - used, TopScreen.period)
        next = Clock.deadline(after: max(TopScreen.period, cost * TopScreen.share))
        // Other processes write to the terminal, too.
        drawn = []
      }
      try draw()
      _ = try session.pause(interpreter, until: next) {
        !pressed.isEmpty || isStale || isSuspended || isGone
      }
      while !pressed.isEmpty {
        guard let action = view.press(pressed.removeFirst()) else { continue }
        if action == .quit { return }
        do {
          try perform(action)
        } catch let error as ErrorObject where error.kind != .interrupted {
          view.message = error.message + (error.help.map { ": \($0)" } ?? "")
        }
        // What it has done shows at once.
        next = 0
      }
    }
  }

  // MARK: The terminal

  private func enter() throws {
    try mapErrors("cannot take the terminal") {
      try TerminalScreen.enter(0, leaving: leaving)
    }
    isStale = true
  }

  /// Sets everything anew: another program may have had the terminal.
  private func begin() throws {
    isStale = false
    if let now = try? Terminal.size(1), now.rows > 0, now.columns > 0 { size = now }
    drawn = []
    try write(entering)
  }

  private func leave() {
    // Who sees the screen of before can type as before.
    try? TerminalScreen.leave()
    try? write(leaving)
  }

  private func suspend() throws {
    isSuspended = false
    if session.isInteractive {
      view.message = "a prompt cannot be stopped: q leaves top"
      return
    }
    leave()
    // As the key does, for all of the group.
    try mapErrors("cannot stop") {
      try Signals.set(.tstp, .default)
      try Process.send(.tstp, toGroup: Process.group)
      try Signals.set(.tstp, .record)
    }
    try enter()
  }

  private func readKeys() {
    // Another process may have read what was there.
    var entry = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, 0) > 0 else { return }
    withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      let count = read(0, buffer.baseAddress, buffer.count)
      if count > 0 {
        pressed += keys.take(buffer.prefix(count))
      } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
        isGone = true
      }
    }
  }

  private func write(_ text: String) throws {
    try mapErrors("cannot write to the terminal") {
      try Transfer.writeAll(1, text) { try self.session.attend(self.interpreter) }
    }
  }

  /// Writes the lines that have changed.
  private func draw() throws {
    let (width, height) = (Int(size.columns), Int(size.rows))
    for place in view.shownRows(height: height) where view.rows[place].waits == nil {
      view.complete(place, waits: sampler.waits(view.rows[place]))
    }
    let frame = view.frame(width: width, height: height)
    var text = ""
    for (number, line) in frame.enumerated() {
      if number < drawn.count, drawn[number] == line { continue }
      text += "\u{1B}[\(number + 1);1H\(TopScreen.styled(line))\u{1B}[K"
    }
    drawn = frame
    if !text.isEmpty { try write(text) }
  }

  private static func styled(_ line: TopView.Line) -> String {
    switch line.style {
    case .plain: line.text
    case .strong: "\u{1B}[1m\(line.text)\u{1B}[0m"
    case .dim: "\u{1B}[2m\(line.text)\u{1B}[0m"
    case .reversed: "\u{1B}[7m\(line.text)\u{1B}[0m"
    }
  }

  // MARK: What keys ask for

  private func perform(_ action: TopView.Action) throws {
    switch action {
    case .quit: break
    case .suspend: isSuspended = true
    case .why(let pid):
      view.show("why \(pid)", Looks(session).why([pid]).text)
    case .signal(let pid, let word):
      let signal = try ParameterType.signal(named: word)
      let target = try target(pid)
      try refuseOwn(target)
      try SignalDelivery.send(signal, to: target)
      view.message = "sent \(signal.name) to \(target.shown)"
    case .stopOrContinue(let pid):
      let target = try target(pid)
      try refuseOwn(target)
      let isStopped = view.selection?.isStopped ?? false
      try SignalDelivery.send(isStopped ? .cont : .stop, to: target)
      view.message = "\(isStopped ? "continued" : "stopped") \(target.shown)"
    case .nice(let pid, let value):
      guard let nice = Int32(value), (-20...19).contains(nice) else {
        throw ErrorObject(.range, "a nice value is a number from -20 to 19, not '\(value)'")
      }
      let target = try target(pid)
      do throws(SystemError) {
        try Process.setNiceness(of: pid, to: nice)
      } catch {
        throw error.code == EACCES
          ? ErrorObject(.system, "only root may lower a nice value")
          : SignalDelivery.failure(error, target)
      }
      view.message = "nice value of \(target.shown): \(nice)"
    }
  }

  private func refuseOwn(_ target: ProcessTarget) throws {
    guard target.pid == Process.pid else { return }
    throw ErrorObject(.range, "\(target.shown) is the one that shows this: q leaves it")
  }

  /// A process of the table; throws where that one has ended, and another one may have its pid.
  private func target(_ pid: Int32) throws -> ProcessTarget {
    let row = view.rows.first { $0.pid == pid }
    guard let stat = session.reader.stat(pid), stat.startTicks == row?.startTicks else {
      throw ErrorObject(.missing, "process \(pid) has ended")
    }
    let known = session.processes.child(pid)
    return try ProcessTarget(known.map { .handle($0) } ?? .int(Int(pid)))
  }
}
