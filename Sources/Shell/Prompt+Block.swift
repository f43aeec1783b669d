import Commands
import Language
import Posix
import Session
import ShellHost

/// What stands before the line: the built-in text, the user's, or what the user's block yields.
extension Prompt {
  /// How long the block may run before each prompt (ns).
  private static let timeout: Int64 = 200_000_000
  private static let longestPrompt = 1000

  /// The prompts for the next entry.
  func makePrompt() -> PromptText {
    let setting = (try? session.settings.get("prompt").plain) ?? .null
    if case .closure = setting {
      lastPrompt = promptOfBlock(setting) ?? lastPrompt
    } else {
      lastPrompt = setting.asText == PromptText.standard ? nil : setting.asText
    }
    if let lastPrompt { return PromptText(lastPrompt, isColored: editor.isColored) }
    return PromptText(
      directory: changedDirectory, session: attachedTo, isColored: editor.isColored)
  }

  /// The directory for the built-in prompt; nil while it is the first one.
  private var changedDirectory: String? {
    let directory = try? Directory.current()
    if directory == firstDirectory { return nil }
    guard let directory else { return "(gone)" }
    var shown = directory
    if let home = host.environmentVariable("HOME"), home.count > 1,
      directory == home || directory.hasPrefix(home + "/")
    {
      shown = "~" + directory.dropFirst(home.count)
    }
    return PromptText.shortened(
      TerminalText.line(shown), toWidth: max(12, editor.size.columns / 3))
  }

  /// Runs the block; nil if it fails, takes too long or yields nothing.
  private func promptOfBlock(_ block: Value) -> String? {
    isDisturbed = true
    let (status, result) = (host.lastStatus, host.lastResult)
    defer { (host.lastStatus, host.lastResult) = (status, result) }
    do {
      let value = try session.limited(to: Prompt.timeout) {
        try interpreter.invoke(block, [], wantsValue: true)
      }
      // The child of a classic fork in it has no prompt.
      if session.isBranch { session.end(0, interpreter) }
      promptFault = nil
      guard let value = value?.plain else { return nil }
      switch value {
      case .null, .missing: return nil
      default: return String(value.asText.prefix(Prompt.longestPrompt))
      }
    } catch {
      if session.isBranch { session.end(session.status(of: error), interpreter) }
      if error is ExitRequest { return nil }
      let error = error as? ErrorObject ?? ErrorObject(.system, "\(error)")
      // Told once, or it would stand above every line.
      if error.kind != .interrupted, promptFault != error.message {
        promptFault = error.message
        session.report(error)
      }
      return nil
    }
  }
}
