import Language
import Posix
import Session

/// What tasks of `pool map` are known by: a hash of directory, block, item and chosen variables.
struct BlockKeys {
  private let keys: ContentKeys
  /// What all tasks have in common.
  private let common: [Value]
  let directory: String

  init(
    _ function: Value, spreads: Bool, _ interpreter: Interpreter, environment: Value
  ) throws {
    keys = ContentKeys(interpreter)
    directory = try mapErrors { try Directory.current() }
    common = [
      .text("block"), .text(try keys.key(of: function).text), .bool(spreads), .text(directory),
      environment,
    ]
  }

  func key(of item: Value) throws -> ContentKey { try keys.key(of: .items(common + [item])) }
}
