import Language
import Posix
import Session

/// What a journal has to know of programs.
struct ProgramContent {
  /// What all is about, for the line of the run: the words of the program, or the file.
  let work: (String, Value)
  let directory: String
  /// What a task is known by.
  let key: (_ input: TaskInput, _ index: Int) throws -> ContentKey
  /// What is run.
  let words: (_ input: TaskInput, _ index: Int) -> [[UInt8]]
  /// The name of the program, and files that it may depend on.
  let files: (_ input: TaskInput, _ index: Int) -> (program: [UInt8]?, others: [String])
}

extension ProgramContent {
  /// Of one program for all inputs.
  init(_ template: ProgramTemplate, _ keys: ProgramKeys) {
    work = ("program", .items(template.source.map { .text($0) }))
    directory = keys.directory
    key = { try keys.key(of: $0, $1) }
    words = { (try? template.words(for: $0, index: $1, slot: 0)) ?? [] }
    files = { input, _ in
      let parts = input.parts.map { String(decoding: $0, as: UTF8.self) }
      return (
        template.content(for: input).first, [template.script].compactMap { $0 } + parts
      )
    }
  }
}

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
