import Explore

/// What a process of a run tells the one that decides what comes next.
enum GateMessage {
  /// It has begun, and has done nothing yet.
  case began(pid: Int32)
  /// It has made its `place`-th child, whose gate travels with the message.
  case forked(place: Int, pid: Int32)
  /// It stands before an operation.
  case stands(GatePoint)
  /// The answer to a question whether it would wait.
  case looks(Outlook)
  /// The same unasked, where something may have come from elsewhere.
  case news(Outlook)
  /// Something that makes a proof impossible was done.
  case uses(String)
  /// It looks at what is to be a step of its own.
  case needs(RunDetail)
  /// It ends, and has not waited for these.
  case leaves([ProcessPath])
  /// Something is to be done that cannot be explored, which ends the run.
  case refuses(String, place: String, help: String)
  /// It asks which process of the run a pid is.
  case asks(pid: Int32)
  /// It waits for what is none of the run, and comes back with `stands`.
  case goesAway

  /// Whether it would have to wait.
  struct Outlook: Hashable {
    var waits = false
    /// Pids of those who hold what it waits for.
    var holders: [Int32] = []
    /// A signal has come whose handler would run first.
    var hasSignal = false
  }
}

/// An operation that a process is about to do.
public struct GatePoint: Hashable {
  var operation: Operation
  var outlook = GateMessage.Outlook()
  /// When it gives up, as a moment of the run's own time (ns); nil for never.
  var deadline: Int64?
  /// When its alarm rings, by the same time; nil for never.
  var alarm: Int64?
  /// Where it stands, as `file:line`.
  var place = ""
  /// What a look or a change is about, for findings: the value that is read or written, as text.
  var fact = Fact.none
  /// It may be begun although it has to wait: then the process waits for it from that step on.
  var mayBegin = false
  /// It is possible at any time, so nobody need ask again whether it is.
  var neverWaits = false
  /// Where the process is and all that it knows, as a number, if what it did last only looked.
  var state: UInt64?
  /// It is the end of the process.
  var ends = false
  /// The signals that it sends.
  var sends: [Sent] = []

  /// The next moment at which its time is over: that of the operation, or that of the alarm.
  var time: Int64? { [deadline, alarm].compactMap { $0 }.min() }
  /// What the step is that the process does of itself.
  var act: Step.Act { ends ? .end : mayBegin && outlook.waits ? .wait : .go }
  /// Whether that is the alarm's.
  var ringsNext: Bool { alarm.map { $0 <= deadline ?? .max } ?? false }

  /// A signal for a process.
  public struct Sent: Hashable {
    let pid: Int32
    let signal: Int32

    /// Makes one.
    public init(_ pid: Int32, _ signal: Int32) {
      self.pid = pid
      self.signal = signal
    }
  }

  /// What is to be known of an operation to tell what went wrong.
  public enum Fact: Hashable {
    case none
    /// Shared memory is looked at.
    case read
    /// It is set to a value that was computed, or to one that stands in the text.
    case writes(isConstant: Bool)
    /// A lock, permit or item is taken or given back.
    case takes, gives
    /// All that is held of a queue is given back.
    case givesAll
  }
}

/// Messages as bytes.
extension GateMessage {
  private enum Kind: UInt8 {
    case began = 1, forked, stands, looks, news, uses, leaves, refuses, asks, away, needs
  }

  var bytes: [UInt8] {
    var writer = TraceWriter()
    func put(_ kind: Kind) { writer.put(kind.rawValue) }
    switch self {
    case .began(let pid):
      put(.began)
      writer.put(Int(pid))
    case .forked(let place, let pid):
      put(.forked)
      writer.put(Int(pid))
      writer.put(place)
    case .uses(let what):
      put(.uses)
      writer.put(what)
    case .leaves(let children):
      put(.leaves)
      writer.put(children.count)
      for child in children { writer.put(child) }
    case .refuses(let what, let place, let help):
      put(.refuses)
      writer.put(what)
      writer.put(place)
      writer.put(help)
    case .asks(let pid):
      put(.asks)
      writer.put(Int(pid))
    case .goesAway: put(.away)
    case .needs(let detail):
      put(.needs)
      writer.put(detail.rawValue)
    case .looks(let outlook):
      put(.looks)
      outlook.put(to: &writer)
    case .news(let outlook):
      put(.news)
      outlook.put(to: &writer)
    case .stands(let point):
      put(.stands)
      point.put(to: &writer)
    }
    return writer.bytes
  }

  /// Nil for bytes that are no message.
  init?(_ bytes: UnsafeRawBufferPointer) {
    var reader = TraceReader(bytes)
    guard let kind = reader.byte().flatMap(Kind.init) else { return nil }
    switch kind {
    case .began, .forked, .asks:
      guard let number = reader.number() else { return nil }
      switch kind {
      case .began: self = .began(pid: Int32(truncatingIfNeeded: number))
      case .forked:
        guard let place = reader.number() else { return nil }
        self = .forked(place: place, pid: Int32(truncatingIfNeeded: number))
      default: self = .asks(pid: Int32(truncatingIfNeeded: number))
      }
    case .away: self = .goesAway
    case .needs:
      guard let detail = reader.byte() else { return nil }
      self = .needs(RunDetail(rawValue: detail))
    case .uses:
      guard let what = reader.text() else { return nil }
      self = .uses(what)
    case .leaves:
      guard let count = reader.count() else { return nil }
      var children: [ProcessPath] = []
      for _ in 0..<count {
        guard let child = reader.path() else { return nil }
        children.append(child)
      }
      self = .leaves(children)
    case .refuses:
      guard let what = reader.text(), let place = reader.text(), let help = reader.text() else {
        return nil
      }
      self = .refuses(what, place: place, help: help)
    case .looks, .news:
      guard let outlook = Outlook(from: &reader) else { return nil }
      self = kind == .news ? .news(outlook) : .looks(outlook)
    case .stands:
      guard let point = GatePoint(from: &reader) else { return nil }
      self = .stands(point)
    }
  }
}

extension GateMessage.Outlook {
  fileprivate func put(to writer: inout TraceWriter) {
    writer.put((waits ? 1 : 0) | (hasSignal ? 2 : 0) as UInt8)
    writer.put(holders.count)
    for holder in holders { writer.put(Int(holder)) }
  }

  fileprivate init?(from reader: inout TraceReader) {
    guard let flags = reader.byte(), let count = reader.count() else { return nil }
    waits = flags & 1 != 0
    hasSignal = flags & 2 != 0
    for _ in 0..<count {
      guard let holder = reader.number() else { return nil }
      holders.append(Int32(truncatingIfNeeded: holder))
    }
  }
}

extension GatePoint {
  fileprivate func put(to writer: inout TraceWriter) {
    outlook.put(to: &writer)
    writer.put(fact.number)
    var flags: UInt8 = deadline == nil ? 0 : 1
    if alarm != nil { flags |= 2 }
    if mayBegin { flags |= 4 }
    if neverWaits { flags |= 8 }
    if ends { flags |= 16 }
    if state != nil { flags |= 32 }
    writer.put(flags)
    if let state { writer.put(Int(truncatingIfNeeded: state)) }
    if let deadline { writer.put(Int(deadline)) }
    if let alarm { writer.put(Int(alarm)) }
    writer.put(place)
    writer.put(sends.count)
    for sent in sends {
      writer.put(Int(sent.pid))
      writer.put(Int(sent.signal))
    }
    writer.put(operation)
  }

  fileprivate init?(from reader: inout TraceReader) {
    guard let outlook = GateMessage.Outlook(from: &reader),
      let fact = reader.byte().flatMap(Fact.init(number:)), let flags = reader.byte()
    else { return nil }
    var state: UInt64?
    if flags & 32 != 0 {
      guard let number = reader.number() else { return nil }
      state = UInt64(bitPattern: Int64(number))
    }
    var deadline: Int64?
    var alarm: Int64?
    if flags & 1 != 0 {
      guard let time = reader.number() else { return nil }
      deadline = Int64(time)
    }
    if flags & 2 != 0 {
      guard let time = reader.number() else { return nil }
      alarm = Int64(time)
    }
    guard let place = reader.text(), let count = reader.count() else { return nil }
    var sends: [Sent] = []
    for _ in 0..<count {
      guard let pid = reader.number(), let signal = reader.number() else { return nil }
      sends.append(Sent(Int32(truncatingIfNeeded: pid), Int32(truncatingIfNeeded: signal)))
    }
    guard let operation = reader.operation() else { return nil }
    self.init(
      operation: operation, outlook: outlook, deadline: deadline, alarm: alarm, place: place,
      fact: fact, mayBegin: flags & 4 != 0, neverWaits: flags & 8 != 0, state: state,
      ends: flags & 16 != 0, sends: sends)
  }
}

extension GatePoint.Fact {
  fileprivate var number: UInt8 {
    switch self {
    case .none: 0
    case .read: 1
    case .writes(let isConstant): isConstant ? 2 : 3
    case .takes: 4
    case .gives: 5
    case .givesAll: 6
    }
  }

  fileprivate init?(number: UInt8) {
    switch number {
    case 0: self = .none
    case 1: self = .read
    case 2: self = .writes(isConstant: true)
    case 3: self = .writes(isConstant: false)
    case 4: self = .takes
    case 5: self = .gives
    case 6: self = .givesAll
    default: return nil
    }
  }
}
