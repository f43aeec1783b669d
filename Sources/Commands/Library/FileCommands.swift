import Glibc
import Language
import Posix
import Session

/// Whole files.
enum FileCommands {
  static let family = CommandFamily("Files", [read, write, append, exists])

  private static let path = Parameter("path", .path, .required, "a leading ~ is the home directory")
  private static let text = Parameter("text", .spelled, .required, "a text, number or bytes")

  private static let read = Command(
    "read", "Read a file as a text",
    details: "What is no UTF-8 becomes U+FFFD; `--bytes` keeps it.",
    parameters: [path], flags: [Flag("bytes", nil, "yield the bytes as they are")],
    examples: [
      Example(
        "let file = (^mktemp)\nwrite $file \"one\\ntwo\\n\"\nprint (read $file |> lines)\n^rm $file",
        "[\"one\", \"two\"]")
    ]
  ) { call in
    let path = try call.path(0)
    let bytes = try namingInput(path) {
      try call.onFile("read", path) {
        let fd = try call.open(path)
        defer { Descriptors.close(fd) }
        return try call.readAll(fd)
      }
    }
    if call.isSet("bytes") { return .bytes(BytesObject(bytes)) }
    try LargeMemory.require(bytes.count)
    return .string(.make(repairing: bytes))
  }

  /// Where a name as that of a variable is no file, a line of input may be meant.
  private static func namingInput<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as ErrorObject
      where error.kind == .missing && path.allSatisfy({ $0.isLetter || $0 == "_" })
    {
      throw error.amended {
        $0.help =
          ($0.help.map { $0 + "; " } ?? "")
          + "a line of standard input is read by: let \(path) = input"
      }
    }
  }

  private static let write = Command(
    "write", "Write a text to a file, replacing what it held",
    details: "No newline is added.", parameters: [path, text],
    examples: [
      Example("let file = (^mktemp)\nwrite $file abc\nprint (read $file)\n^rm $file", "abc")
    ]
  ) { call in try write(call, O_TRUNC) }

  private static let append = Command(
    "append", "Append a text to a file, which is made if it does not exist",
    details: "No newline is added. Texts that several processes append stay whole.",
    parameters: [path, text],
    examples: [
      Example(
        "let file = (^mktemp)\nwrite $file a\nappend $file b\nprint (read $file)\n^rm $file",
        "ab")
    ]
  ) { call in try write(call, O_APPEND) }

  private static func write(_ call: borrowing Call, _ flag: Int32) throws -> Value {
    let path = try call.path(0)
    let content = call.value(1)
    switch content {
    case .string, .bytes, .int, .float, .bool, .duration, .size, .time: break
    default:
      throw call.bad(
        "content", must: "a text, number or bytes", at: 1,
        help: "make a text of it: join LIST \"\\n\", json-text VALUE or string VALUE")
    }
    try call.onFile("write", path) {
      let fd = try call.open(path, writing: O_CREAT | flag)
      defer { Descriptors.close(fd) }
      try call.writeAll(fd, content)
    }
    return .null
  }

  private static let exists = Command(
    "exists", "Whether a path exists, as a file, directory or anything else", parameters: [path],
    traits: .pure, examples: [Example("print (exists /) (exists /no/such/thing)", "true false")]
  ) { call in
    let path = try call.path(0)
    return .bool(
      try mapErrors("cannot tell whether '\(path)' exists") {
        try FileStatus.unlessAbsent(path) != nil
      })
  }
}
