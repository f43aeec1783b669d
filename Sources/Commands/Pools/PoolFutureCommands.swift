import Language
import Posix
import Session

/// What is done with futures: `pool result` and `pool wait`.
enum PoolFutureCommands {
  static let all = [result, wait]

  private static let result = Command(
    "pool result", "Wait for a future and yield its value, or throw its task's error",
    details: "Of a list of futures it yields the list of their values.",
    parameters: [Parameter("future", .future)], flags: [.timeout],
    examples: [
      Example(
        "pool new 1\nlet f = pool submit { sleep 10s }\n"
          + "try { pool result $f --timeout 20ms } catch e: timeout { print late $f.done }",
        "late false"),
      Example(
        "pool new 2\nlet fs = map 1..3 { |x| pool submit { |x| $x * $x } $x }\n"
          + "print (pool result $fs)", "[1, 4, 9]"),
    ]
  ) { call in
    let deadline = call.deadline
    func result(_ value: Value) throws -> Value {
      guard case .handle(let handle) = value.plain, let future = handle as? PoolFuture else {
        return .null
      }
      return try future.result(until: deadline)
    }
    guard case .list(let futures) = call[0].plain else { return try result(call[0]) }
    return try listed(try futures.items.map(result))
  }

  private static let wait = Command(
    "pool wait", "Wait until futures are done, and list those that are",
    details: """
      It waits for all of them, or with --first until one is done, and throws no error of a task: \
      a future's fields ok, value and error tell what became of it. When the time of --timeout is \
      over it lists those that are done by then, which may be none.
      """,
    parameters: [Parameter("future", .future, .rest, "futures, or lists of them")],
    flags: [
      Flag("first", nil, "only until one of them is done"),
      Flag("all", nil, "until all of them are done, as without flags"), .timeout,
    ],
    rules: [.exclusive(["first", "all"])],
    examples: [
      Example(
        "pool new 2\nlet quick = pool submit { 1 }\nlet slow = pool submit { sleep 1h }\n"
          + "print (pool wait $quick $slow --first)[0].value\npool cancel $slow", "1"),
      Example(
        "pool new 2\nlet fs = map [3, 0] { |x| pool submit { |x| 6 // $x } $x }\n"
          + "for f in (pool wait $fs) { if $f.ok { print $f.value } else { print $f.error.kind } }",
        "2\nrange"),
      Example(
        "pool new 1\nlet f = pool submit { sleep 1h }\nprint (pool wait $f --timeout 20ms)\n"
          + "pool cancel $f", "[]"),
    ]
  ) { call in
    var futures: [PoolFuture] = []
    func add(_ value: Value) {
      switch value.plain {
      case .handle(let handle): if let future = handle as? PoolFuture { futures.append(future) }
      case .list(let list): for item in list.items { add(item) }
      default: break
      }
    }
    for argument in call.rest(from: 0) { add(argument) }
    let deadline = call.deadline
    let done = try PoolFuture.wait(
      for: futures, first: call.isSet("first"), until: deadline, call.session, call.interpreter)
    return try listed(done.map { .handle($0) })
  }
}
