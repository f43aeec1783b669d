import Language
import Session

/// Values as inputs, and which of all inputs are taken.
extension RunInputs {
  // MARK: Values

  /// The items of a value: each is an input, a list of its parts, or a map of them.
  static func items(
    _ value: Value, _ form: InputForm, _ call: borrowing Call
  ) throws -> Source {
    let interpreter = call.interpreter
    switch value.plain {
    case .stream(let stream):
      return try named(Source { nil }, form) { try stream.next() }
    case .list, .range, .map:
      let items = try interpreter.collect(value.plain)
      var place = 0
      return try named(
        Source(count: items.count, parts: items.map { parts($0, form) }.min()) { nil }, form
      ) {
        guard place < items.count else { return nil }
        place += 1
        return items[place - 1]
      }
    default:
      throw call.error(
        .type, "the inputs must be a list, range, map or stream, but are \(value.described)",
        help: "a text's lines are a list: lines TEXT |> pool run …")
    }
  }

  /// A source with the names of its first item.
  private static func named(
    _ source: Source, _ form: InputForm, _ next: @escaping () throws -> Value?
  ) throws -> Source {
    var source = source
    var first = try next()
    var keys: [Value]?
    if form.hasHeader, let header = first {
      source.columns = names(try parts(of: header, nil, form))
      source.count = source.count.map { $0 - 1 }
      first = try next()
    } else if case .map(let map)? = first?.plain {
      keys = map.keys
      source.columns = map.keys.map(\.asText)
    }
    source.next = {
      guard let item = try first ?? next() else { return nil }
      first = nil
      return TaskInput(try parts(of: item, keys, form))
    }
    return source
  }

  private static func parts(_ value: Value, _ form: InputForm) -> Int {
    switch value.plain {
    case .list(let list) where !list.items.isEmpty: return list.items.count
    case .map(let map): return map.count
    case .string(let text): return (try? form.row(text.withBytes { Array($0) }).count) ?? 1
    default: return 1
    }
  }

  private static func parts(
    of value: Value, _ keys: [Value]?, _ form: InputForm
  ) throws -> [[UInt8]] {
    switch value.plain {
    case .list(let list):
      guard !list.items.isEmpty else {
        throw ErrorObject(.type, "an input must not be an empty list")
      }
      return try list.items.map(bytes)
    case .map(let map):
      guard let keys else { break }
      return try keys.map { key in
        guard let item = map.get(key) else {
          throw ErrorObject(
            .type, "an input has no key '\(key.asText)': \(value.asText)",
            help: "inputs that are maps have the keys of the first one",
            exitStatus: ErrorObject.inputStatus)
        }
        return try bytes(item)
      }
    default: break
    }
    return try form.row(try bytes(value))
  }

  private static func bytes(_ value: Value) throws -> [UInt8] {
    switch value.plain {
    case .bytes(let object): return object.bytes
    case .string(let text): return text.withBytes { Array($0) }
    case .list, .map, .closure, .null, .missing, .stream:
      throw ErrorObject(.type, "an input must be text, but is \(value.described)")
    default: return Array(value.plain.asText.utf8)
    }
  }

  // MARK: Which are taken

  /// The source without the inputs that are to be left out, and in the order that is wanted.
  static func taken(
    _ source: Source, _ form: InputForm, _ call: borrowing Call
  ) throws -> Source {
    var source = source
    if form.skipped > 0 { source = skipping(form.skipped, source) }
    if form.isShuffled { source = try shuffled(source, form, call) }
    return source
  }

  private static func skipping(_ count: Int, _ source: Source) -> Source {
    var result = source
    var left = count
    result.count = source.count.map { max(0, $0 - count) }
    result.next = {
      while left > 0 {
        left -= 1
        guard try source.next() != nil else { return nil }
      }
      return try source.next()
    }
    if let stream = source.stream {
      result.stream = InputStream(descriptor: stream.descriptor) {
        while try stream.isReady() {
          if left == 0 { return true }
          left -= 1
          // The end is ready, too.
          if try source.next() == nil { left = 0 }
        }
        return false
      }
    }
    return result
  }

  private static func shuffled(
    _ source: Source, _ form: InputForm, _ call: borrowing Call
  ) throws -> Source {
    var all: [TaskInput] = []
    while let input = try source.next() {
      try call.interpreter.checkAttention()
      all.append(input)
    }
    if let seed = form.seed {
      var random = RandomSource()
      random.plant(seed)
      all.shuffle(using: &random)
    } else {
      var random = call.session.random
      all.shuffle(using: &random)
    }
    let inputs = all
    var place = 0
    return Source(count: inputs.count, parts: source.parts, columns: source.columns) {
      guard place < inputs.count else { return nil }
      place += 1
      return inputs[place - 1]
    }
  }
}
