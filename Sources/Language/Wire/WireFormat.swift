/// How values travel between processes: MessagePack (msgpack.org), so that other languages can join,
/// with extension types for what MessagePack lacks.
///
/// | value | encoding |
/// |---|---|
/// | null, bool, int, float | nil, bool, the smallest int (uint from 0 on), float 64 |
/// | string, bytes | str (must be UTF-8), bin |
/// | list, map | array, map; keys are strings, numbers, bools, durations, sizes or times |
/// | duration, size, time | ext 1 (ns), ext 2 (bytes), ext 3 (ns since 1970-01-01 UTC): a big-endian two's complement number of 1, 2, 4 or 8 bytes |
/// | range | ext 4 (`1..5`) or ext 5 (`1..<5`): both ends as 8 bytes each |
/// | built-in, program as a value | ext 6, ext 7: its name |
/// | handle | ext 8: a byte for its kind, then what the `HandleCoder` made of it |
/// | error | array(7): ext 16 (one byte 0), kind, message, help or nil, place or nil, calls, payload |
/// | closure | array(2 or 3): ext 17 (its text), numbers of its cells, values of new cells |
///
/// A reader takes any other form of MessagePack too: ints in longer forms, float 32, and
/// MessagePack's timestamp (ext -1) as a time. An unsigned int above 2^63 - 1 is an error.
///
/// **Errors.** A place is array(5): file, number of the first line, those lines (bin), and where the
/// span begins and ends in them, in bytes. The calls are an array of array(4): name, file, line,
/// column.
///
/// **Closures.** The text in ext 17 is itself MessagePack, array(7): file, number of the first line,
/// the lines on which the function stands (bin), where it begins and ends in them, whether it has a
/// name (`fn`), and an array of the names that mean something outside of it: name, then 0 for a
/// constant, 1 for a variable, 2 for a function, and so on. The numbers are those of the variables
/// (cells) that these names mean, one for each name. Cells are numbered from 0 in the whole message,
/// so that closures in it share their variables, and can refer to themselves. A closure that is the
/// first to need some of them brings their values, all that can be reached through them included;
/// they have the next numbers, and may hold closures that name any of them.
public enum Wire {
  /// Extension types.
  enum Extension: Int8 {
    case timestamp = -1
    case duration = 1
    case size, time, range, openRange, command, program, handle
    /// The first items of arrays that stand for one value.
    case error = 16
    case closure
  }

  /// How much of a message is collected before a sink gets it, or a source asked for.
  public static let chunkSize = 1 << 16
  /// Larger texts and bytes go to a sink, and come from a source, without being copied.
  static let directSize = 1 << 14
  /// What is allocated at most for a text of which nothing was seen yet.
  static let stepSize = 1 << 20
  /// Arrays and maps of a message may be nested this deep: a value, and one that a closure in it
  /// captured.
  static let maximumNesting = 2 * maximumDepth + 100

  static func malformed(_ what: String) -> ErrorObject {
    ErrorObject(.type, "these bytes are not a value: \(what)")
  }

  static func tooDeep() -> ErrorObject {
    ErrorObject(.limit, "this is nested too deeply to travel")
  }

  static func tooLong(_ count: Int) -> ErrorObject {
    ErrorObject(.limit, "a value of \(count) bytes or items is too long to travel")
  }
}

/// Knows how handles travel: their descriptors go beside the message, which the coder collects and
/// gives back in order.
public protocol HandleCoder: AnyObject {
  /// What stands for a handle in the message; throws `type` for one that cannot travel.
  func encode(_ handle: Handle) throws -> (kind: UInt8, bytes: [UInt8])

  /// How many bytes `encode` would yield.
  ///
  /// Asked when a message is measured, and takes no descriptor.
  func encodedCount(of handle: Handle) throws -> Int

  /// The handle that such bytes stand for here.
  func decode(kind: UInt8, bytes: UnsafeRawBufferPointer) throws -> Handle
}

extension HandleCoder {
  /// The error for a handle that no coder knows.
  public static func cannotSend(_ handle: Handle) -> ErrorObject { Wire.cannotSend(handle) }
}

extension Wire {
  /// The error for a handle that no coder knows.
  public static func cannotSend(_ handle: Handle) -> ErrorObject {
    ErrorObject(
      .type, "\(article(handle.typeName)) cannot be sent to another process",
      help: "send what the other side needs of it, as its name")
  }

  static func article(_ noun: String) -> String {
    let vowel = noun.first.map { "aeiou".contains($0) } ?? false
    return "\(vowel ? "an" : "a") \(noun)"
  }
}
