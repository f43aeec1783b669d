import Language
import Posix
import Session

/// What tasks of `pool run` are known by: a hash of directory, words, input and chosen variables,
/// and of the number where a word has one.
struct ProgramKeys {
  private let keys: ContentKeys
  private let template: ProgramTemplate
  let directory: String
  private let environment: Value

  init(_ template: ProgramTemplate, _ interpreter: Interpreter, environment: Value) throws {
    self.template = template
    self.environment = environment
    keys = ContentKeys(interpreter)
    directory = try mapErrors { try Directory.current() }
  }

  /// - Parameter index: of the input; it is part of the task where the words have a number.
  func key(of input: TaskInput, _ index: Int) throws -> ContentKey {
    var content: [Value] = [
      .text("program"), .text(directory),
      .items(template.content(for: input).map(TaskInput.value)), input.value, environment,
    ]
    if template.hasNumber { content.append(.int(index + 1)) }
    return try keys.key(of: .items(content))
  }
}
