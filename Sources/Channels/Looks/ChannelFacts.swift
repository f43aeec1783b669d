import Posix
import Waits

/// How a channel of this process stands, for reports that are made again and again.
///
/// Its memory is read without its lock, so the parts may be of two moments.
public struct ChannelFacts {
  /// Kind and name, as `queue jobs`.
  public let name: String
  /// Its name alone; empty for one without.
  public var ownName: Substring { name.drop { $0 != " " }.dropFirst() }
  /// What kind of channel it is.
  public let kind: Channel.Kind
  /// The number by which wait records mean it.
  public let number: UInt64
  /// As `3 of 10 items, open`.
  public let detail: String
  /// How many items a queue has.
  public let items: Int?
  /// How many it takes at most.
  public let mostItems: Int?
  /// Who holds it or has items of it lent, by pid; a process stands there once for each lease.
  public let holders: [Int32]

  /// What changes of it, in a word or two: `3`, `free`, `not set`; empty for a pipe.
  public var brief: String {
    switch kind {
    case .queue: return "\(items ?? 0)"
    case .pipe: return ""
    case .lock, .memory, .event: return detail
    case .semaphore, .barrier, .condition:
      let words = detail.split(separator: " ")
      return String((detail.hasPrefix("counter") ? words.last : words.first) ?? "")
    }
  }

  /// - Complexity: some words of memory for the channel and each of its holders.
  public init?(_ channel: Channel) {
    let memory = channel.memory
    let base = UnsafeRawPointer(memory.base)
    guard let look = ChannelLook(base, size: memory.size, name: memory.name) else { return nil }
    self.init(look)
  }

  private init(_ look: ChannelLook) {
    let object = look.object()
    (name, kind, number, detail) = (look.name, look.kind, look.id, object.detail)
    items = look.items.map { Int(clamping: $0.count) }
    mostItems = look.items.flatMap { $0.most == .max ? nil : Int(clamping: $0.most) }
    holders = object.shares.filter { !$0.roles.isDisjoint(with: [.holds, .lent]) }.map(\.pid)
  }
}
