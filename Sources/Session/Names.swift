import Language
import Posix

/// A named thing that may let go of its name while it is still there.
public protocol NameHolder: Handle {
  /// Whether no other thing can have the name yet.
  var holdsName: Bool { get }
}

/// The one name space of processes and channels.
public final class Names {
  private var entries: [String: Handle] = [:] {
    didSet { Names.changes.pointee &+= 1 }
  }
  /// Counts the changes of all names, for those who remember what a name means.
  nonisolated(unsafe) private static let changes: UnsafeMutablePointer<Int> = {
    // Too large for a hole in the heap: with the session it stands on one page, which each fork
    // writes to anyway.
    let counter = UnsafeMutablePointer<Int>.allocate(capacity: 128)
    counter.initialize(to: 0)
    return counter
  }()
  /// Where that count stands.
  public static var version: UnsafePointer<Int> { UnsafePointer(changes) }

  public init() { _ = Names.version }

  /// Takes new memory for what each fork writes to.
  func move() {
    var moved: [String: Handle] = [:]
    moved.reserveCapacity(max(16, entries.count))
    for (name, handle) in entries { moved[name] = handle }
    entries = moved
    counters.reserveCapacity(8)
  }

  /// The thing of this name.
  public subscript(_ name: String) -> Handle? { entries[name] }

  /// Gives a name to a thing.
  ///
  /// - Throws: `type` for what cannot be a name, is taken, or is a signal's name.
  public func claim(_ name: String, for handle: Handle) throws {
    try check(name)
    entries[name] = handle
  }

  /// Gives a name that was checked, or that its holder hands over.
  func take(_ name: String, for handle: Handle) { entries[name] = handle }

  /// The name itself if it is free, else one like it.
  func unused(_ name: String) -> String {
    if entries[name] == nil { return name }
    return fresh("\(name)_")
  }

  /// Checks that a name may be given.
  public func check(_ name: String) throws {
    if let taken = entries[name], (taken as? any NameHolder)?.holdsName ?? true {
      throw ErrorObject(
        .type, "the name '\(name)' is taken by \(withArticle(taken.typeName))",
        help: (taken as? ProcessHandle).map { Names.advice(name, of: $0) }
          ?? "choose another name")
    }
    guard Names.isValid(name) else {
      throw ErrorObject(
        .type, "'\(name)' cannot be a name",
        help: "a name begins with a letter and has letters, digits, '_', '-' and '.'")
    }
    if Signal(name) != nil {
      throw ErrorObject(
        .type, "'\(name)' is a signal's name", help: "choose another, such as 'my\(name)'")
    }
  }

  /// How to have a name that a process has: one that still runs would be waited for in vain.
  private static func advice(_ name: String, of process: ProcessHandle) -> String {
    process.letter == "Z"
      ? "`wait \(name)` frees the name, since it has ended; or choose another"
      : "choose another; or end it, as with `kill \(name)`: then `wait \(name)` frees the name"
  }

  /// Frees a name if the thing still has it.
  public func release(_ name: String, of handle: Handle) {
    if entries[name] === handle { entries[name] = nil }
  }

  /// Lets a name mean something else that stands for the same.
  public func replace(_ name: String, by handle: Handle) { entries[name] = handle }

  /// A free name that begins with a prefix and ends with a number, as `queue1`.
  public func fresh(_ prefix: String) -> String {
    var number = counters[prefix, default: 0] + 1
    while entries["\(prefix)\(number)"] != nil { number += 1 }
    counters[prefix] = number
    return "\(prefix)\(number)"
  }

  private var counters: [String: Int] = [:]

  /// Names and things of a type, in the order of the names, for completion and messages.
  public func all(_ typeName: String? = nil) -> [(name: String, handle: Handle)] {
    entries.filter { typeName == nil || $0.value.typeName == typeName }
      .map { (name: $0.key, handle: $0.value) }.sorted { $0.name < $1.name }
  }

  /// Whether a text can be a name.
  public static func isValid(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, name.utf8.count <= 64 else { return false }
    let isLetter = first == "_" || first.properties.isAlphabetic
    return isLetter
      && name.unicodeScalars.allSatisfy {
        $0 == "_" || $0 == "-" || $0 == "." || $0.properties.isAlphabetic
          || ("0"..."9").contains($0)
      }
  }
}

/// As `a queue`, `an event`.
public func withArticle(_ noun: String) -> String {
  "aeiou".contains(noun.prefix(1)) ? "an \(noun)" : "a \(noun)"
}
