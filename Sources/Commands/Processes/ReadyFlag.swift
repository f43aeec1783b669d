import Glibc
import Language
import Posix
import Session

/// The flag `--ready` of `spawn`: by what a process is known to be ready.
enum ReadyFlag {
  static let flag = Flag(
    "ready", sign,
    "when it is ready, for wait --ready: a text in a line of its output, tcp:PORT, or a block")

  private static let sign = ParameterType("sign", "a text, tcp:PORT or a block") { input in
    if case .closure = input.value { return input.value }
    guard let word = input.word, !word.isEmpty, !word.contains("\n") else { return nil }
    return .text(word)
  }

  /// What is asked for: a text to be looked for, or a sign that is asked; nil for neither.
  enum Wish {
    case text(String)
    case sign(Readiness.Sign)

    /// What looks at the output for a text.
    ///
    /// - Parameter given: what the process would have at which number.
    func relay(_ given: [(from: Int32, to: Int32)]) throws -> ReadyRelay? {
      guard case .text(let text) = self else { return nil }
      return try ReadyRelay(text, given)
    }

    /// The process runs.
    func begin(_ process: ProcessHandle, _ relay: ReadyRelay?, _ session: Session) throws {
      if case .sign(let sign) = self { process.readiness = Readiness(sign) }
      do {
        try relay?.start(for: process, session)
      } catch {
        try? Process.send(.kill, to: process.pid)
        throw error
      }
    }
  }

  static func wish(_ call: borrowing Call) throws -> Wish? {
    guard let value = call.flag("ready") else { return nil }
    if case .closure = value { return .sign(.block(value)) }
    let word = value.asText
    guard word.hasPrefix("tcp:") else { return .text(word) }
    return .sign(.port(try address(word, call)))
  }

  /// `tcp:8000` is a port of this machine.
  private static func address(_ word: String, _ call: borrowing Call) throws -> SocketAddress {
    let parts = word.dropFirst(4).split(separator: ":", omittingEmptySubsequences: false)
    let host = parts.count > 1 ? parts.dropLast().joined(separator: ":") : "127.0.0.1"
    if let last = parts.last, let port = UInt16(last), port > 0,
      let address = InternetAddress(numeric: host == "localhost" ? "127.0.0.1" : host, port: port)
    {
      return .internet(address)
    }
    throw call.error(
      .range, "--ready tcp:PORT needs a port from 1 to 65535, but is '\(word)'", flag: "ready",
      help:
        "as: tcp:8000, or tcp:127.0.0.1:8000; a text that begins so is looked for as a part of it")
  }
}
