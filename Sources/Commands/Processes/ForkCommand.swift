import Glibc
import Language
import Posix
import Session

/// `fork`, with a block or as the classic call.
enum ForkCommand {
  static let command = Command(
    "fork", "Run a block in a child process, or copy this process",
    details: """
      The block runs in a real child with a copy of all variables: what it assigns is lost when \
      it ends. Its value comes back with `wait`. Yields the process.

      Without a block both processes go on with what follows: fork yields 0 in the child and the \
      child's pid in the parent. A variable named `pid` hides $pid from there on, which `getpid` \
      tells in any case. After `fork && …` both go on too, since only false and a `failed` error \
      count as failures there: ask with `if $p == 0 { … }`.

      A daemon is ended by TERM when the process ends that made it: by the session's own process it \
      lasts as long as the session, by a child only as long as that.
      """,
    parameters: [
      Parameter("block", .function, .optional, "what the child runs"),
      Parameter("argument", .any, .rest, "the block's arguments"),
    ],
    flags: [
      Flag("name", .text, "the process's name; chosen by Brood without it"),
      Flag("daemon", nil, "end it with the process that makes it, instead of waiting for it"),
      Flag("nice", .niceness, "its priority, from -20 (most) to 19 (least)"),
      Flag("detach", nil, "let it outlive the session"),
    ],
    rules: [
      .exclusive(["daemon", "detach"]),
      .flagsNeed(
        argument: 0, "a block",
        help: "fork without a block copies this process and takes no flags"),
    ],
    traits: .snapshots,
    examples: [
      Example("let p = fork { |x| $x * 2 } 21\nprint (wait $p).value", "42"),
      Example(
        "fork --name worker { print \"child of $ppid\" }\nwait worker", "child of …"),
      Example(
        "let child = fork\nif $child == 0 { print \"child of $ppid\"; exit 3 }\n"
          + "print (wait $child).exit", "child of …\n3"),
    ]
  ) { call in
    let session = call.session
    guard call.has(0) else { return try classic(call) }
    let function = call[0]
    var options = ForkOptions(name: call.flag("name")?.asText, running: function)
    options.prefix = functionName(function)
    options.isDaemon = call.isSet("daemon")
    options.isDetached = call.isSet("detach")
    if case .int(let nice)? = call.flag("nice") {
      options.nice = Int32(nice)
      try requireRight(to: Int32(nice), call)
    }
    if let name = options.name { try call.at(flag: "name") { try session.names.check(name) } }
    let interpreter = call.interpreter
    let arguments = call.rest(from: 1)
    return .handle(
      try session.fork(options, interpreter) {
        try interpreter.invoke(function, arguments, wantsValue: false)
      })
  }

  /// Asks the kernel before there is a child that could fail at it.
  static func requireRight(to nice: Int32, _ call: borrowing Call) throws {
    do throws(SystemError) {
      let now = try Process.niceness(of: 0)
      guard nice < now else { return }
      try Process.setNiceness(of: 0, to: nice)
      try Process.setNiceness(of: 0, to: now)
    } catch {
      let reason = [EACCES, EPERM].contains(error.code) ? "not permitted" : error.message
      throw call.error(
        .system, "cannot set the priority to \(nice): \(reason)", flag: "nice",
        help: "only root may lower a nice value")
    }
  }

  private static func classic(_ call: borrowing Call) throws -> Value {
    let child = try call.session.forkClassic(call.interpreter)
    return .int(child.map { Int($0.pid) } ?? 0)
  }

  /// What processes of a named function are called.
  private static func functionName(_ function: Value) -> String {
    guard case .closure(let closure) = function, let name = closure.function.name,
      Names.isValid(name)
    else { return "fork" }
    return name
  }
}

extension ParameterType {
  static let niceness = int.named("nice").within(-20...19)
}
