import Language
import Posix
import Session

/// What tasks of `pool run` are known by: a hash of directory, words, input and chosen variables.
struct ProgramKeys {
  private let keys: ContentKeys
  private let template: ProgramTemplate
  let directory: String
  private let environment: Value

  init(_ template: ProgramTemplate, _ interpreter: Interpreter, environment: Value) throws {
    self.template = template
    self.environment = environment
    keys = ContentKeys(interpreter)
    directory = try asking { try Directory.current() }
  }

  func key(of input: TaskInput) throws -> ContentKey {
    try keys.key(
      of: .items([
        .text("program"), .text(directory),
        .items(template.content(for: input).map(TaskInput.value)), input.value, environment,
      ]))
  }
}
