/// The entries of a map in a smaller form, for records of which there are many: what a key has is made
/// when it is asked for.
///
/// Reading a map leaves them so; its first change makes all entries.
open class EntrySource {
  public let keys: RecordKeys

  public init(_ keys: RecordKeys) { self.keys = keys }

  /// The value of the key at a place, from 0 up to the number of keys.
  open func value(at place: Int) -> Value { .null }

  final func value(of key: Value) -> Value? { keys.place(of: key).map { value(at: $0) } }

  final func entry(at place: Int) -> (key: Value, value: Value)? {
    guard let key = keys[place] else { return nil }
    return (key, value(at: place))
  }
}

/// The keys that records of one kind have, in their order.
public final class RecordKeys {
  private let keys: [Value]
  private let places = MapObject()

  public init(_ names: [String]) {
    keys = names.map { .text($0) }
    for (place, key) in keys.enumerated() { places.set(key, .int(place)) }
  }

  var count: Int { keys.count }

  subscript(place: Int) -> Value? { keys.indices.contains(place) ? keys[place] : nil }

  func place(of key: Value) -> Int? {
    guard case .int(let place)? = places.get(key) else { return nil }
    return place
  }
}
