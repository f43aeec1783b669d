import CPosix

/// Writes down what this process does, in the session's recording (`CPosix/events.c`).
///
/// Where recording is off, `isOn` is one load; callers ask it before they put anything together.
public enum Recorder {
  /// What happened.
  public enum What: UInt8, Sendable {
    case start = 1
    case fork, spawn, exec, exit, wait, kill, handler, handled, operation, sleep, wake
    case task, taskEnd, print, mark, name, more
  }

  @inlinable @inline(__always)
  public static var isOn: Bool { brood_events_on() }

  /// Where in a source text this process is.
  ///
  /// The upper half is a number of the table of texts, the lower a line; 0 where it is not known.
  public static var place: UInt64 { brood_event_place() }

  /// Sets who knows the place; without context, since each event asks.
  public static func setPlace(_ now: @escaping @convention(c) () -> UInt64) {
    brood_events_tell_place(now)
  }

  /// Makes the memory for the recording of this session, and begins it.
  ///
  /// - Parameters:
  ///   - limit: how large it may grow (bytes).
  ///   - directory: where its file stands, best in a file system without a disk.
  ///   - script: for what it is, as others are told.
  /// - Throws: errors of open(2), mmap(2); ENOSPC where there is no memory.
  public static func start(
    limit: Int, in directory: String, script: String
  ) throws(SystemError) {
    try checked("mmap", "the recording") {
      brood_events_start(UInt64(clamping: limit), directory, script)
    }
  }

  /// Goes on with it, or halts it, in all processes of the session.
  public static func turn(on: Bool) { brood_events_turn(on) }

  /// Whether values are kept, or only their lengths.
  public static func keepValues(_ keeps: Bool) { brood_events_keep_values(keeps) }

  /// The code of the error for which no more events are written; 0 for none.
  public static var shortage: Int32 {
    guard let memory = brood_events_memory() else { return 0 }
    return Int32(truncatingIfNeeded: brood_events_shortage(memory))
  }

  /// Whether this session has a recording, which may be off.
  public static var exists: Bool { brood_events_memory() != nil }

  /// Where the file of the recording stands, if it has one.
  public static var path: String? { brood_events_path().map { String(cString: $0) } }

  /// Removes that file: nothing is left of the recording when its processes have ended.
  public static func remove() { brood_events_remove() }

  /// Writes an event.
  ///
  /// - Parameters:
  ///   - other: the pid of another process that it is about.
  ///   - text: cut at 400 bytes.
  @inline(never)
  public static func write(
    _ what: What, number: UInt64 = 0, other: Int32 = 0, count: UInt32 = 0, kind: UInt16 = 0,
    id: UInt64 = 0, outcome: UInt8 = 0, hasPlace: Bool = false, _ text: String = ""
  ) {
    var event = brood_recorded()
    event.what = what.rawValue
    event.outcome = outcome
    event.number = number
    event.other = other
    event.count = count
    event.kind = kind
    event.id = id
    if hasPlace {
      let place = place
      event.text = UInt16(truncatingIfNeeded: place >> 32)
      event.line = UInt32(truncatingIfNeeded: place)
    }
    var text = text
    text.withUTF8 { bytes in
      event.size = UInt32(clamping: bytes.count)
      brood_event_write(&event, bytes.baseAddress, bytes.count)
    }
  }

  // MARK: Operations

  /// Notes an item for the event that tells of the operation, while recording is on.
  ///
  /// - Parameters:
  ///   - number: of the item among all of the object, the same for who puts it and who gets it.
  ///   - count: how many were put or taken at once.
  ///   - bytes: of the first; those of a large one may be left out.
  ///   - size: of the first, where that is not the number of the bytes.
  @inlinable @inline(__always)
  public static func note(
    _ number: @autoclosure () -> UInt64, count: Int = 1,
    _ bytes: @autoclosure () -> UnsafeRawBufferPointer, size: Int? = nil
  ) {
    if isOn {
      let bytes = bytes()
      brood_event_item(
        number(), UInt32(clamping: count), bytes.baseAddress, bytes.count, size ?? bytes.count)
    }
  }

  /// Tells of an operation that has ended.
  ///
  /// - Parameter outcome: 0 if it went well.
  @inlinable @inline(__always)
  public static func operation(_ verb: UInt16, kind: UInt16, id: UInt64, outcome: UInt8) {
    brood_event_operation(verb, kind, id, outcome)
  }
}
