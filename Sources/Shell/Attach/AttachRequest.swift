import Posix
import Session

/// What `brood attach` sends to the session: a message whose descriptors are standard input, output
/// and error, and the text to run.
struct AttachRequest {
  /// A text to run; nil for a prompt at the terminal.
  var text: String?
  /// Variables of the environment that say how the terminal is.
  var terminal: [String: String] = [:]

  /// Those that count.
  static let variables = ["TERM", "COLORTERM", "NO_COLOR"]

  private static let greeting = "brood-attach 1"

  /// Sends it with the descriptors to take as 0, 1 and 2; false if the other side does not take it.
  func send(_ socket: Int32, standard: [Int32]) throws(SystemError) -> Bool {
    var words = [AttachRequest.greeting, text == nil ? "prompt" : "text"]
    words += terminal.map { "\($0.key)=\($0.value)" }
    let bytes = Array((text ?? "").utf8)
    let file = try bytes.withUnsafeBufferPointer { bytes throws(SystemError) in
      try MemoryFile.sealed("brood attach", UnsafeRawBufferPointer(bytes))
    }
    defer { Descriptors.close(file) }
    return try Messages.send(
      socket, Array(words.joined(separator: "\0").utf8), descriptors: standard + [file])
  }

  /// From a message, whose descriptors stay its own; nil if it is none.
  init?(_ message: Message) {
    let words = String(decoding: message.bytes, as: UTF8.self)
      .split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
    guard words.count >= 2, words[0] == AttachRequest.greeting, message.descriptors.count == 4
    else { return nil }
    if words[1] == "text" {
      guard let bytes = try? MemoryFile.contents(of: message.descriptors[3]) else { return nil }
      text = String(decoding: bytes, as: UTF8.self)
    }
    for word in words.dropFirst(2) {
      guard let sign = word.firstIndex(of: "=") else { continue }
      let name = String(word[..<sign])
      if AttachRequest.variables.contains(name) {
        terminal[name] = String(word[word.index(after: sign)...])
      }
    }
  }

  init(text: String?) { self.text = text }
}

/// What a session answers.
enum AttachAnswer {
  /// It is served by this process.
  case served(by: Int32)
  /// That process ends with this status.
  case ended(status: Int32)
  case refused(String)

  /// From what came over the socket: each ends with a zero.
  static func answers(_ bytes: [UInt8]) -> [AttachAnswer] {
    bytes.split(separator: 0).map { AttachAnswer(String(decoding: $0, as: UTF8.self)) }
  }

  private init(_ text: String) {
    let words = text.split(separator: " ")
    if words.count == 2, words[0] == "served", let pid = Int32(words[1]) {
      self = .served(by: pid)
    } else if words.count == 2, words[0] == "ended", let status = Int32(words[1]) {
      self = .ended(status: status)
    } else {
      self = .refused(text)
    }
  }

  var bytes: [UInt8] {
    switch self {
    case .served(let pid): Array("served \(pid)\0".utf8)
    case .ended(let status): Array("ended \(status)\0".utf8)
    case .refused(let text): Array("\(text)\0".utf8)
    }
  }
}
