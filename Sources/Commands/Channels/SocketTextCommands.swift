import Channels
import Language
import Session

/// Lines and bytes through a connection, for others than Brood.
enum SocketTextCommands {
  static let read = Command(
    "socket read", "Read text, a line or bytes of a connection",
    details: """
      Without a flag: what is there, waiting for some. Yields text, or bytes where they are no \
      text; a line comes without its newline. Nothing is read ahead, so that a forked child can go on. At the end it throws `closed`, or \
      `peer-died` if a signal ended the process on the other side of a unix socket.
      """,
    parameters: [SocketCommands.socket],
    flags: [
      Flag("bytes", .int.atLeast(1), "wait for this many bytes; fewer only at the end"),
      Flag("line", nil, "a line, without its end"),
      Flag("all", nil, "all that comes until the other side has no more"),
      .timeout,
    ],
    rules: [.exclusive(["bytes", "line", "all"])],
    examples: [
      Example(
        """
        socket listen s unix:@help-read-$pid
        socket connect a unix:@help-read-$pid
        socket accept s b
        socket write a "one\\ntwo\\nrest"
        print (socket read b --line) (socket read b --line) (len (socket read b --bytes 4))
        """, "one two 4")
    ]
  ) { call in
    let handle = try SocketCommands.handle(call)
    let wait = SocketCommands.wait(call)
    if case .int(let count)? = call.flag("bytes") {
      if count > mostBytes {
        throw ErrorObject(.limit, "at most \(sizeText(mostBytes)) can be read at once")
      }
      return try handle.read { try $0.readBytes(count, wait) }
    }
    if call.isSet("line") { return try handle.read { try $0.readLine(limit: mostBytes, wait) } }
    if call.isSet("all") { return try handle.read { try $0.readAll(limit: mostBytes, wait) } }
    return try handle.read { try $0.readSome(wait) }
  }

  static let write = Command(
    "socket write", "Write text or bytes to a connection",
    details: """
      As it is, without a newline added. If it ends early, the error's field `written` tells how \
      many bytes have gone out.
      """,
    parameters: [SocketCommands.socket, Parameter("text", .any, .required, "a text or bytes")],
    flags: [.timeout],
    examples: [
      Example(
        """
        let at = "unix:@help-write-$pid"
        socket listen s $at
        fork {
          socket connect c $at
          socket write c "hello\\n"
        }
        print (socket read (socket accept s) --line)
        """, "hello")
    ]
  ) { call in
    let handle = try SocketCommands.handle(call)
    let bytes: [UInt8]
    switch call.value(1) {
    case .bytes(let object): bytes = object.bytes
    case .string, .int, .float, .bool, .duration, .size, .time: bytes = Array(call.spelled(1).utf8)
    default: throw call.bad("text", must: "a text or bytes", at: 1)
    }
    try handle.write(bytes, SocketCommands.wait(call))
    return .null
  }
}
