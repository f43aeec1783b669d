import Channels
import Language
import Posix
import Processes
import Redis
import Session

/// Something on a Redis server as the language sees it, beside its local counterpart of the same family.
class RedisHandle: Handle {
  let name: String
  /// The family of its verbs, as `queue`.
  let family: String
  let client: RedisClient
  let place: RedisPlace
  private var isDropped = false

  init(
    _ name: String, _ family: String, _ place: RedisPlace, _ client: RedisClient
  ) {
    (self.name, self.family, self.place, self.client) = (name, family, place, client)
    super.init()
    // A client that others still use outlives it.
    client.onTrouble = { [weak self] reason in
      guard let self else { return }
      Session.say("brood: \(shown) waits for \(place.address.server): \(reason)")
    }
  }

  override var typeName: String { family }
  override var text: String { "\(family) \(name)" }
  override var fieldNames: [String] { ["name", "on"] }

  override func field(_ name: String) throws -> Value? {
    switch name {
    case "name": .text(self.name)
    case "on": .text(onText)
    default: nil
    }
  }

  /// Where it is, with its key.
  var onText: String {
    var address = place.address
    address.key = client.key
    return address.text
  }

  override func isSame(_ other: Handle) -> Bool {
    guard let other = other as? RedisHandle else { return false }
    return self === other || family == other.family && onText == other.onText
  }

  /// As `queue 'jobs'`.
  var shown: String { "\(family) '\(name)'" }

  var isKept: Bool { !isDropped }

  /// Throws `closed` once it was dropped.
  func requireKept() throws {
    guard isDropped else { return }
    throw ErrorObject(
      .closed, "the \(family) '\(name)' was dropped by this process",
      help: "drop it when nothing here needs it any more, or make another: \(family) new \(name)")
  }

  /// Gives back what this process holds; called at its end, too.
  func letGo(_ wait: Wait) {}

  /// Removes it from the server.
  func remove(_ wait: Wait) throws {}

  /// All fields, as a record.
  func fields() throws -> Value {
    let map = MapObject()
    for name in fieldNames { map.set(.text(name), try field(name) ?? .null) }
    return .map(map)
  }

  /// Lets go of it: its name is free.
  func drop(_ session: Session) {
    letGo(session.waitLimit(1_000_000_000))
    client.disconnect()
    isDropped = true
    session.names.release(name, of: self)
  }

  /// Makes it on the server, or finds it there.
  func making<R>(_ body: (Wait) throws -> R) throws -> R {
    try mapErrors("make") {
      try client.find(until: Clock.deadline(after: RedisTunnels.timeToLogIn + 1_000_000_000))
      do {
        return try body(session.waitLimit(RedisHandle.timeToReach))
      } catch RedisTrouble.unanswered(_) where client.wasReached {
        return try body(session.waitLimit(RedisHandle.timeToAnswer))
      }
    }
  }

  /// How long a server may take to be reached for the first time, and one that is to answer then (ns).
  private static let (timeToReach, timeToAnswer) = (3_000_000_000, 15_000_000_000)

  /// Works on it; what goes wrong becomes an error of the language.
  func mapErrors<R>(_ what: @autoclosure () -> String, _ body: () throws -> R) throws -> R {
    try requireKept()
    try session.output.flushBeforeOthersKnow()
    do {
      return try body()
    } catch let trouble as RedisTrouble {
      throw trouble.asError("cannot \(what()) \(shown)", self)
    } catch let error as SystemError {
      throw error.asError("cannot \(what()) \(shown)")
    }
  }
}

extension RedisTrouble {
  /// In words.
  ///
  /// - Parameter what: what was to be done, as `cannot put into queue 'jobs'`.
  func asError(_ what: String, _ handle: RedisHandle) -> ErrorObject {
    let server = handle.place.address.server
    switch self {
    case .lost(let reason): return unreachable(what, server, reason)
    case .unanswered(let reason): return unreachable(what, server, reason)
    case .noWay(let reason, let login):
      return ErrorObject(
        .failed, "\(what): there is no way to \(server): \(reason)",
        help: "log in once by hand, which must ask for nothing: \(login)")
    case .garbage:
      return ErrorObject(
        .system, "\(what): \(server) gave an answer that cannot be understood",
        help: "is it a Redis server? Other programs of Brood may have changed the keys")
    case .server(let text): return refused(what, server, text)
    case .unfit(let reason, let help):
      return ErrorObject(.failed, "\(what): \(server) is not fit for it: \(reason)", help: help)
    case .timeout: return ErrorObject(.timeout, "\(what): timed out")
    case .empty: return ErrorObject(.empty, "\(handle.shown) is empty")
    case .full: return ErrorObject(.full, "\(handle.shown) is full")
    case .closed: return ErrorObject(.closed, "\(what): it is closed")
    case .notHeld:
      return ErrorObject(
        .missing, "this process holds nothing of \(handle.shown)",
        help: "it was never taken, its time was over, or another took this process for gone")
    case .selfDeadlock:
      return ErrorObject(
        .type, "this process holds \(handle.shown) already: it would wait for itself")
    case .range(let there):
      return ErrorObject(
        .range, "\(what): \(there) and the amount together do not fit",
        help: "it is left as it was; a wider type holds more")
    case .other(let name, let there, let wanted):
      return ErrorObject(
        .type, "\(what): it is there already, and its \(name) is \(there), not \(wanted)",
        help:
          "leave that out, choose another key, or remove it: \(handle.family) drop NAME --remove")
    }
  }

  private func unreachable(_ what: String, _ server: String, _ reason: String?) -> ErrorObject {
    let why = reason.map { ": \($0)" } ?? ""
    return ErrorObject(
      .timeout, "\(what): \(server) does not answer\(why)",
      help: "see whether it runs and can be reached from here")
  }

  private func refused(_ what: String, _ server: String, _ text: String) -> ErrorObject {
    func error(_ kind: ErrorKind, _ reason: String, _ help: String) -> ErrorObject {
      ErrorObject(kind, "\(what): \(server): \(reason)", help: help)
    }
    switch text.prefix(while: { $0 != " " }) {
    case "OOM":
      return error(
        .limit, "its memory is full", "take something out first, or raise its maxmemory")
    case "MISCONF":
      return error(.system, "it cannot write to its disk", "make room on the server's disk")
    case "NOAUTH", "WRONGPASS":
      return error(
        .failed, "it wants another user or password",
        "give it by BROOD_REDIS_PASSWORD or --password-file FILE, a user as redis://USER@HOST")
    case "ERR" where text.contains("AUTH"):
      return error(
        .failed, "it has no password, but one was given", "unset BROOD_REDIS_PASSWORD")
    case "NOPERM":
      return error(
        .failed, "this user may not do it (\(text))",
        "let it: ACL SETUSER NAME ~brood:* +@all -@dangerous +config|get +info")
    case "READONLY":
      return error(.failed, "it is a replica, which takes no changes", "name the primary server")
    case "WRONGTYPE":
      return error(.type, "another program uses its keys", "choose another key: …/DB/KEY")
    default: return error(.system, text, "see the server's log")
    }
  }
}
