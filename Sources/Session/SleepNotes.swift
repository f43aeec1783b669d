import Channels
import CPosix
import Language
import Posix
import Processes
import Waits

/// Sleeps of which no operation has said what they are for: only the call is known, and until when.
struct SleepNotes {
  /// Until when `Session.pause` waits (monotonic ns); nil outside of it.
  var limit: Int64?
  private var isOpen = false
  /// Whether the last one was ended by a signal that is being dealt with.
  var hasJustEnded = false
  /// The text whose number is known, as many waits stand in the same one.
  private var last: (source: Source, number: UInt32)?

  mutating func begin() {
    if WaitNote.isOpen { return }
    isOpen = true
    // Without a limit that is known it may end at any time.
    WaitNote.begin(.other, [], until: limit ?? .max, .more)
  }

  mutating func end() {
    guard isOpen else { return }
    isOpen = false
    hasJustEnded = Attention.isPending
    WaitNote.end()
  }

  /// The number of a text in the session's table.
  mutating func number(of source: Source) -> UInt32 {
    if let last, last.source === source { return last.number }
    var name = source.name
    let number = name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { brood_text_number($0.baseAddress, $0.count) }
    }
    last = (source, number)
    return number
  }
}

extension Session {
  /// For `ps` and others who look: this process is about to sleep in the call that runs.
  func noteSleep() {
    guard let slots, let interpreter else { return }
    interpreter.withActiveCall { slots.noteSleep($0) }
    sleepNotes.begin()
  }

  /// What is true of any wait of this process.
  var standingOfWaits: WaitNote.Flags {
    var flags: WaitNote.Flags = []
    if handlers.hasOwn { flags.insert(.handler) }
    if brood_alarm_is_pending() { flags.insert(.alarm) }
    if isInteractive { flags.insert(.prompt) }
    // Whatever the event loop serves meanwhile may act; of pools' workers `besides` tells.
    if loop.mayAct { flags.insert(.busy) }
    return flags
  }

  /// The text and the line that this process is in, as `Recorder.place` has them.
  var placeOfWait: UInt64 {
    guard let interpreter else { return 0 }
    let note = interpreter.activeNote
    if note != 0 { return note }
    guard let (source, line) = interpreter.activePlace else { return 0 }
    let place = UInt64(sleepNotes.number(of: source)) << 32 | UInt64(UInt32(clamping: line))
    // A recording asks for each operation; else it is not worth a page of a forked child's own.
    if Recorder.isOn { interpreter.activeNote = place }
    return place
  }

  /// A block for a signal begins to run: for those who look why another wait for it does not end.
  func noteHandled(_ signal: Signal, _ block: Value) {
    guard slots != nil else { return }
    var place: (text: UInt32, line: UInt32) = (0, 0)
    if case .closure(let closure) = block {
      let function = closure.function
      place = (
        sleepNotes.number(of: function.source),
        UInt32(clamping: function.source.line(function.span.start))
      )
    }
    brood_handled_note(signal.number, place.text, place.line)
  }

  /// Runs a wait for the end of processes, which is noted as such.
  func noting<R>(
    _ processes: [ProcessHandle], _ flags: WaitNote.Flags, until deadline: Int64?,
    _ body: () throws -> R
  ) rethrows -> R {
    // A verb that waits for others already, as `wait --all` does for one after the other, has said so.
    if WaitNote.isOpen { return try body() }
    let targets = processes.lazy.filter { $0.record == nil }
      .map { WaitTarget(.process($0.pid), .end) }
    WaitNote.begin(.processWait, Array(targets), until: deadline ?? .max, flags)
    defer { WaitNote.end() }
    return try body()
  }
}
