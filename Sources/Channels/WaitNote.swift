import CPosix
import Posix
import Waits

/// What this process is about to wait for, in its record in the session's table (`waits.c`).
///
/// It is written before the first sleep of an operation and stays until the operation ends, however
/// often it wakes up in between: so `since` is when the wait began, and a number that has not changed
/// says that the wait is the same.
public enum WaitNote {
  /// What else a record says.
  public struct Flags: OptionSet, Sendable {
    /// The bits, as `brood_waits.h` names them.
    public let rawValue: UInt16
    /// Makes a set of bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    init(_ code: Int) { rawValue = UInt16(truncatingIfNeeded: code) }

    /// All targets are needed, not one of them.
    public static let all = Flags(BROOD_WAIT_ALL)
    /// There are more targets than are listed.
    public static let more = Flags(BROOD_WAIT_MORE)
    /// A handler of the user's could act meanwhile.
    public static let handler = Flags(BROOD_WAIT_HANDLER)
    /// An alarm clock runs, which ends the wait by a signal.
    public static let alarm = Flags(BROOD_WAIT_ALARM)
    /// A person at a prompt can end it.
    public static let prompt = Flags(BROOD_WAIT_PROMPT)
    /// The session does work of its own meanwhile.
    public static let busy = Flags(BROOD_WAIT_BUSY)
  }

  /// How many targets a record lists.
  public static let mostTargets = Int(BROOD_WAIT_TARGETS)

  /// What depends on the process, not on the wait.
  private static let changing: Flags = [.handler, .alarm]

  /// What is true of all waits of this process now; set by the session.
  nonisolated(unsafe) public static var standing: (() -> Flags)?

  /// What may come during any wait of this process and have it act in between, as a result of a pool
  /// on which it gives out the next task; set by the session.
  nonisolated(unsafe) public static var besides: (() -> [WaitTarget])?

  /// Begins a wait for one thing, unless the operation that runs has noted one.
  ///
  /// - Parameter deadline: monotonic ns, `Int64.max` for none.
  public static func begin(
    _ verb: OperationPoint.Verb, _ target: WaitTarget, needing: UInt8 = 0, until deadline: Int64,
    _ flags: Flags = []
  ) {
    if isOpen { return }
    var wait = empty(verb, deadline, flags)
    let others = besides?() ?? []
    if others.isEmpty {
      wait.kinds.0 = word(target, needing)
      wait.ids.0 = target.object.number
    } else {
      var target = target
      if needing != 0 { target.object.device = UInt64(needing) }
      list([target], others, in: &wait)
    }
    begin(&wait)
  }

  /// Begins a wait for one of several things, or for all; more than eight are not listed.
  ///
  /// Of a pipe the target's device says which end others must not have closed.
  public static func begin(
    _ verb: OperationPoint.Verb, _ targets: [WaitTarget], until deadline: Int64,
    _ flags: Flags = []
  ) {
    if isOpen { return }
    var wait = empty(verb, deadline, flags)
    list(targets, besides?() ?? [], in: &wait)
    begin(&wait)
  }

  /// Writes down what is waited for, and what may come besides.
  private static func list(
    _ wanted: [WaitTarget], _ others: [WaitTarget], in wait: inout brood_wait
  ) {
    var targets = wanted
    // Where all are needed, one more that is not would be wrong.
    if wait.flags & Flags.all.rawValue == 0 {
      targets += others.filter { !wanted.contains($0) }
    } else if !others.isEmpty {
      wait.flags |= Flags.busy.rawValue
    }
    let most = mostTargets
    if targets.count > most { wait.flags |= Flags.more.rawValue }
    withUnsafeMutableBytes(of: &wait.kinds) { bytes in
      for (i, target) in targets.prefix(most).enumerated() {
        let needing = UInt8(truncatingIfNeeded: target.object.device)
        bytes.storeBytes(of: word(target, needing), toByteOffset: 4 * i, as: UInt32.self)
      }
    }
    withUnsafeMutableBytes(of: &wait.ids) { bytes in
      for (i, target) in targets.prefix(most).enumerated() {
        bytes.storeBytes(of: target.object.number, toByteOffset: 8 * i, as: UInt64.self)
      }
    }
  }

  // MARK: Waits of several steps

  /// The record stays open when an operation in the middle of the wait ends.
  nonisolated(unsafe) private static var kept:
    (targets: [WaitTarget], deadline: Int64, flags: Flags)?

  /// Before each sleep of a wait that consists of several operations, as `select`: begins the record,
  /// or leaves it as it is where it says the same.
  ///
  /// The caller ends it by `letGo`.
  public static func keep(
    _ verb: OperationPoint.Verb, _ targets: [WaitTarget], until deadline: Int64,
    _ flags: Flags = []
  ) {
    let now = flags.union(standing?() ?? [])
    if let kept, isOpen, kept.targets == targets, kept.deadline == deadline, kept.flags == now {
      return
    }
    letGo()
    // That of an operation around this one says more.
    if isOpen { return }
    begin(verb, targets, until: deadline, flags)
    if isOpen { kept = (targets, deadline, now) }
  }

  /// The end of a wait of several steps.
  public static func letGo() {
    if kept == nil { return }
    kept = nil
    end()
  }

  private static func begin(_ wait: inout brood_wait) {
    brood_wait_begin(&wait)
    WaitLookout.isTold = false
    if wait.deadline == .max { WaitLookout.noteWait(wait.since) }
  }

  /// When the wait that is noted began (monotonic ns).
  nonisolated(unsafe) private(set) static var began: Int64 = 0

  private static func empty(
    _ verb: OperationPoint.Verb, _ deadline: Int64, _ flags: Flags
  ) -> brood_wait {
    var wait = brood_wait()
    wait.verb = verb.rawValue
    wait.flags = flags.union(standing?() ?? []).rawValue
    wait.since = Clock.monotonic
    began = wait.since
    wait.deadline = deadline
    let place = Recorder.place
    wait.text = UInt32(truncatingIfNeeded: place >> 32)
    wait.line = UInt32(truncatingIfNeeded: place)
    return wait
  }

  /// Kind, what is wanted, and for a pipe which end others must not have closed.
  private static func word(_ target: WaitTarget, _ needing: UInt8) -> UInt32 {
    UInt32(target.object.kind.rawValue) | UInt32(target.want.rawValue) << 16
      | UInt32(needing) << 24
  }

  /// What a record says, as a graph of waits has it.
  public struct Seen {
    /// What is waited for.
    public let sleep: WaitProcess.Sleep
    /// What could end it besides.
    public let flags: WaitProcess.Flags
    /// The operation that sleeps.
    public let verb: OperationPoint.Verb
    /// A number of the table of texts, and the line; 0 for none.
    public let text: UInt32, line: UInt32

    /// A target that this version does not know counts as one that is not listed.
    public init(_ wait: brood_wait) {
      var kinds = wait.kinds
      var ids = wait.ids
      var targets: [WaitTarget] = []
      let said = Flags(rawValue: wait.flags)
      var hasMore = said.contains(.more)
      withUnsafeBytes(of: &kinds) { kinds in
        withUnsafeBytes(of: &ids) { ids in
          for i in 0..<mostTargets {
            let word = kinds.load(fromByteOffset: 4 * i, as: UInt32.self)
            if word == 0 { break }
            let id = ids.load(fromByteOffset: 8 * i, as: UInt64.self)
            if let (noted, needing) = WaitNote.target(word, id) {
              var target = noted
              // A pipe has two directions.
              if target.object.kind == .pipe { target.object.device = UInt64(needing) }
              targets.append(target)
            } else {
              hasMore = true
            }
          }
        }
      }
      let verb = OperationPoint.Verb(rawValue: wait.verb) ?? .other
      var flags: WaitProcess.Flags = []
      if said.contains(.handler) { flags.insert(.handler) }
      if said.contains(.alarm) { flags.insert(.alarm) }
      if said.contains(.prompt) { flags.insert(.prompt) }
      if said.contains(.busy) { flags.insert(.otherWays) }
      self.verb = verb
      self.flags = flags
      text = wait.text
      line = wait.line
      sleep = WaitProcess.Sleep(
        verb.name, targets, mode: said.contains(.all) ? .all : .any, hasMore: hasMore,
        since: wait.since, deadline: wait.deadline == .max ? nil : wait.deadline)
    }
  }

  /// A word of a record taken apart; nil for what this version does not know.
  static func target(_ word: UInt32, _ id: UInt64) -> (target: WaitTarget, needing: UInt8)? {
    guard let kind = ObjectID.Kind(rawValue: UInt16(truncatingIfNeeded: word)),
      let want = Want(rawValue: UInt16(truncatingIfNeeded: word >> 16 & 0xFF))
    else { return nil }
    return (WaitTarget(ObjectID(kind, id), want), UInt8(truncatingIfNeeded: word >> 24))
  }

  /// Whether a record is open.
  @inline(__always)
  public static var isOpen: Bool { brood_operations() & UInt32(BROOD_OPERATION_SLEPT) != 0 }

  /// Ctrl-C ends the wait, which is remembered until the next one begins.
  ///
  /// - Parameter isOver: it has ended just now.
  public static func cut(isOver: Bool) { if isOpen || isOver { brood_wait_cut() } }

  /// The wait is over.
  public static func end() { if isOpen, kept == nil { brood_wait_end() } }

  /// Runs code that may wait for other things in the middle of a wait, as a signal handler does; the
  /// record of the outer one comes back afterwards.
  public static func setAside<R>(_ body: () throws -> R) rethrows -> R {
    var outer = brood_wait()
    guard isOpen, brood_wait_own(&outer) else { return try body() }
    let outerKept = kept
    kept = nil
    brood_wait_end()
    defer {
      kept = outerKept
      // A handler may have set or reset handlers.
      if let standing {
        outer.flags &= ~changing.rawValue
        outer.flags |= standing().rawValue
      }
      brood_wait_begin(&outer)
    }
    return try body()
  }
}
