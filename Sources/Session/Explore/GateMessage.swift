import Explore

/// What a process of a run tells the one that decides what comes next.
enum GateMessage {
  /// It has begun, and has done nothing yet.
  case began(pid: Int32)
  /// It is about to make its `place`-th child, whose gate travels with the message.
  case forks(place: Int)
  /// The child was made, or could not be.
  case forked(pid: Int32)
  /// It stands before an operation.
  case stands(GatePoint)
  /// The answer to a question whether it would wait.
  case looks(Outlook)
  /// The same unasked, where something may have come from elsewhere.
  case news(Outlook)
  /// Something that makes a proof impossible was done.
  case uses(String)
  /// It ends, and has not waited for these.
  case leaves([ProcessPath])
  /// Something that has an effect outside of the run is to be done, which ends it.
  case refuses(String, place: String)
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
  /// The signals that it sends.
  var sends: [Sent] = []

  /// The next moment at which its time is over: that of the operation, or that of the alarm.
  var time: Int64? { [deadline, alarm].compactMap { $0 }.min() }
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

/// Messages as bytes: fields between unit separators.
extension GateMessage {
  private static let separator: UInt8 = 0x1F

  var bytes: [UInt8] {
    var fields: [String]
    switch self {
    case .began(let pid): fields = ["began", "\(pid)"]
    case .forks(let place): fields = ["forks", "\(place)"]
    case .forked(let pid): fields = ["forked", "\(pid)"]
    case .uses(let what): fields = ["uses", what]
    case .leaves(let children): fields = ["leaves"] + children.map(\.description)
    case .refuses(let what, let place): fields = ["refuses", what, place]
    case .asks(let pid): fields = ["asks", "\(pid)"]
    case .goesAway: fields = ["away"]
    case .looks(let outlook): fields = ["looks"] + outlook.fields
    case .news(let outlook): fields = ["news"] + outlook.fields
    case .stands(let point):
      fields = ["stands"] + point.outlook.fields
      fields += [point.deadline.map(String.init) ?? "", point.place, point.fact.field]
      fields.append(point.sends.map { "\($0.pid):\($0.signal)" }.joined(separator: " "))
      fields.append(point.alarm.map(String.init) ?? "")
      fields.append(point.operation.name)
      for access in point.operation.accesses {
        fields.append(access.object)
        fields.append("\(access.mode.number)\(access.exclusion.number)")
      }
    }
    var result: [UInt8] = []
    for (i, field) in fields.enumerated() {
      if i > 0 { result.append(GateMessage.separator) }
      result += field.utf8.map { $0 == GateMessage.separator ? 0x20 : $0 }
    }
    return result
  }

  /// Nil for bytes that are no message.
  init?(_ bytes: UnsafeRawBufferPointer) {
    let fields = bytes.split(
      separator: GateMessage.separator, omittingEmptySubsequences: false
    ).map { String(decoding: $0, as: UTF8.self) }
    guard let kind = fields.first else { return nil }
    let number = fields.count > 1 ? Int(fields[1]) ?? 0 : 0
    switch kind {
    case "began": self = .began(pid: Int32(truncatingIfNeeded: number))
    case "forks": self = .forks(place: number)
    case "forked": self = .forked(pid: Int32(truncatingIfNeeded: number))
    case "asks": self = .asks(pid: Int32(truncatingIfNeeded: number))
    case "away": self = .goesAway
    case "uses": self = .uses(fields.count > 1 ? fields[1] : "")
    case "leaves": self = .leaves(fields.dropFirst().compactMap { ProcessPath($0) })
    case "refuses":
      self = .refuses(fields.count > 1 ? fields[1] : "", place: fields.count > 2 ? fields[2] : "")
    case "looks", "news":
      guard let outlook = Outlook(fields.dropFirst()) else { return nil }
      self = kind == "news" ? .news(outlook) : .looks(outlook)
    case "stands":
      guard fields.count >= 10, let outlook = Outlook(fields[1...]),
        let fact = GatePoint.Fact(field: fields[6])
      else { return nil }
      var accesses: [Access] = []
      var index = 10
      while index + 1 < fields.count {
        let code = fields[index + 1].utf8.map { Int($0) - 48 }
        guard code.count == 2, let mode = Access.Mode(number: code[0]),
          let exclusion = Access.Exclusion(number: code[1])
        else { return nil }
        accesses.append(Access(fields[index], mode, exclusion))
        index += 2
      }
      let sends = fields[7].split(separator: " ").compactMap { text -> GatePoint.Sent? in
        let parts = text.split(separator: ":").compactMap { Int32($0) }
        return parts.count == 2 ? GatePoint.Sent(parts[0], parts[1]) : nil
      }
      self = .stands(
        GatePoint(
          operation: Operation(fields[9], accesses), outlook: outlook, deadline: Int64(fields[4]),
          alarm: Int64(fields[8]), place: fields[5], fact: fact, sends: sends))
    default: return nil
    }
  }
}

extension GateMessage.Outlook {
  var fields: [String] {
    [
      waits ? "1" : "0", holders.map(String.init).joined(separator: " "), hasSignal ? "1" : "0",
    ]
  }

  init?(_ fields: ArraySlice<String>) {
    guard fields.count >= 3 else { return nil }
    waits = fields[fields.startIndex] == "1"
    holders = fields[fields.startIndex + 1].split(separator: " ").compactMap { Int32($0) }
    hasSignal = fields[fields.startIndex + 2] == "1"
  }
}

extension GatePoint.Fact {
  var field: String {
    switch self {
    case .none: ""
    case .read: "r"
    case .writes(let isConstant): isConstant ? "c" : "w"
    case .takes: "t"
    case .gives: "g"
    case .givesAll: "a"
    }
  }

  init?(field: String) {
    switch field {
    case "": self = .none
    case "r": self = .read
    case "c": self = .writes(isConstant: true)
    case "w": self = .writes(isConstant: false)
    case "t": self = .takes
    case "g": self = .gives
    case "a": self = .givesAll
    default: return nil
    }
  }
}

extension Access.Mode {
  var number: Int {
    switch self {
    case .read: 0
    case .write: 1
    case .add: 2
    case .readPart: 3
    case .writePart: 4
    }
  }

  init?(number: Int) {
    let all: [Access.Mode] = [.read, .write, .add, .readPart, .writePart]
    guard all.indices.contains(number) else { return nil }
    self = all[number]
  }
}

extension Access.Exclusion {
  var number: Int {
    switch self {
    case .none: 0
    case .gives: 1
    case .takes: 2
    }
  }

  init?(number: Int) {
    let all: [Access.Exclusion] = [.none, .gives, .takes]
    guard all.indices.contains(number) else { return nil }
    self = all[number]
  }
}
