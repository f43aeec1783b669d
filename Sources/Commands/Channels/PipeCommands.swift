import Channels
import Language
import Posix
import Processes
import Session
import ShellHost

/// `pipe`: values, or bytes, from one process to another.
enum PipeCommands {
  static let all = [new, send, receive, poll, write, read, close, info, list, ChannelDrop.pipe]

  private static let pipe = Parameter("pipe", .pipe)

  static let new = Command(
    "pipe new", "Make a pipe: whole values in both directions, or bytes in one",
    details: """
      A pipe is duplex: its ends are p.a and p.b, and what is sent at one is received at the other. \
      With --simplex p.w sends and p.r receives; with --raw it is a plain pipe(2) of bytes, for \
      `pipe write` and `pipe read`. Plain p means p.a for the process that made it and p.b for its \
      descendants, or the end that the verb needs.

      Programs read and write the ends of a raw pipe by redirection: `exec sort < $p.r`, `print x > \
      $p.w`, `spawn make 2> $p.w`. A word without $ behind > is the name of a file, as always. A \
      connection of `socket` can stand there, too.

      A value is one message: it is never torn, whichever process writes beside or is killed. With named ends \
      the file ends when every process has closed the other end, which is the kernel's doing: a \
      reader that holds the write end itself waits. With plain p, receiving throws `closed`, or \
      `peer-died`, once no other living process could send.
      """,
    parameters: [Parameter("name", .channelName, .optional, "chosen by Brood if it is left out")],
    flags: [
      Flag("simplex", nil, "one direction: p.w sends, p.r receives"),
      Flag("duplex", nil, "both directions, as without a flag"),
      Flag("raw", nil, "one direction of bytes"),
    ],
    rules: [.exclusive(["simplex", "duplex", "raw"])],
    examples: [
      Example(
        "pipe new p\nlet child = fork { pipe send p [pid: $pid]; pipe recv p }\n"
          + "print ((pipe recv p).pid == $child.pid)\npipe send p thanks\nprint (wait $child).value",
        "true\nthanks")
    ]
  ) { call in
    let session = call.session
    let form: Pipe.Form = call.isSet("raw") ? .raw : call.isSet("simplex") ? .simplex : .duplex
    return .handle(
      try session.addChannel(call.newName(), prefix: "pipe") { name in
        PipeHandle(name, try mapErrors("cannot make a pipe") { try Pipe(form) })
      })
  }

  static let send = Command(
    "pipe send", "Send a value through a pipe, waiting while it is full",
    parameters: [pipe, Parameter("value", .any)], flags: [.timeout],
    examples: [
      Example("pipe new p\nfork { pipe send p [1, [2, 3]] }\nprint (pipe recv p)", "[1, [2, 3]]")
    ]
  ) { call in
    let target = try PipeTarget(call[0], sends: true)
    try target.require(raw: false, "send")
    try target.send(call.value(1), call.waitLimit)
    return .null
  }

  static let receive = Command(
    "pipe recv", "Receive a value from a pipe, waiting for it",
    details: "Throws `closed` at the end of the file.", parameters: [pipe],
    flags: [.timeout, Flag("no-wait", nil, "throw `empty` rather than wait")],
    examples: [
      Example(
        "pipe new p --simplex\nfork { pipe send p.w hello }\npipe close p.w\nprint (pipe recv p.r)\n"
          + "try { pipe recv p.r } catch e: closed { print $e.kind }", "hello\nclosed")
    ]
  ) { call in
    let target = try PipeTarget(call[0], sends: false)
    try target.require(raw: false, "recv")
    return try target.receive(call.waitLimit)
  }

  static let poll = Command(
    "pipe poll", "Whether something can be received from a pipe now, or within a time",
    parameters: [pipe], flags: [.softTimeout],
    examples: [
      Example(
        "pipe new p\nprint (pipe poll p)\nfork { pipe send p 1 }\nprint (pipe poll p --timeout 5s)",
        "false\ntrue")
    ]
  ) { call in
    let target = try PipeTarget(call[0], sends: false)
    let wait = call.flag("timeout") == nil ? call.session.nonblocking : call.waitLimit
    return .bool(
      try target.work("look into") {
        try $0.poll(at: target.end, watchesPeers: !target.isNamed, wait)
      })
  }

  static let write = Command(
    "pipe write", "Write text or bytes to a raw pipe",
    details: """
      Up to 4096 bytes go in whole; more may be mixed with what others write at the same time \
      (PIPE_BUF, pipe(7)).
      """,
    parameters: [pipe, Parameter("text", .any, .required, "a text or bytes")], flags: [.timeout],
    examples: [
      Example(
        "pipe new p --raw\nfork { pipe write p \"one\\ntwo\\n\" }\npipe close p.w\n"
          + "print (pipe read p.r --line) (pipe read p.r --line)", "one two")
    ]
  ) { call in
    let target = try PipeTarget(call[0], sends: true)
    try target.require(raw: true, "write")
    let wait = call.waitLimit
    if case .bytes(let object) = call.value(1) {
      try object.bytes.withUnsafeBytes { try target.write($0, wait) }
      return .null
    }
    switch call.value(1) {
    case .string, .int, .float, .bool, .duration, .size, .time: break
    default: throw call.bad("text", must: "a text or bytes", at: 1)
    }
    var text = call.spelled(1)
    try text.withUTF8 { try target.write(UnsafeRawBufferPointer($0), wait) }
    return .null
  }

  static let read = Command(
    "pipe read", "Read from a raw pipe: what is there, N bytes, or a line",
    details: """
      Yields text, or bytes where they are no text. Throws `closed` at the end of the file, when \
      every process has closed the other end; --bytes yields fewer before that.
      """,
    parameters: [pipe],
    flags: [
      Flag("bytes", .int.atLeast(1), "wait for this many bytes"),
      Flag("line", nil, "a line, without its end"), .timeout,
    ],
    rules: [.exclusive(["bytes", "line"])],
    examples: [
      Example(
        "pipe new p --raw\nfork { pipe write p abcdef }\npipe close p.w\n"
          + "print (pipe read p.r --bytes 2) (pipe read p.r --bytes 100)", "ab cdef")
    ]
  ) { call in
    let target = try PipeTarget(call[0], sends: false)
    try target.require(raw: true, "read")
    let wait = call.waitLimit
    var count: Int?
    if case .int(let number)? = call.flag("bytes") { count = number }
    let bytes = call.isSet("line") ? try target.readLine(wait) : try target.read(count, wait)
    guard let bytes, !bytes.isEmpty || call.isSet("line") else {
      throw ErrorObject(
        .closed, "\(target.shown) has ended: no process has the other end open")
    }
    if let text = String(validating: bytes, as: UTF8.self) { return .text(text) }
    return .bytes(BytesObject(bytes))
  }

  static let close = Command(
    "pipe close", "Close this process's end of a pipe, or, of plain p, both",
    details: "The other processes' ends stay open: the file ends when the last one is closed.",
    parameters: [pipe],
    examples: [
      Example(
        "pipe new p --simplex\npipe close p.w\n"
          + "try { pipe recv p.r } catch e: closed { print $e.message }",
        "cannot receive from pipe p.r: no process has the other end open")
    ]
  ) { call in
    switch call[0] {
    case .handle(let end as PipeEndHandle):
      if !end.owner.pipe.close(end.end) {
        throw call.error(.closed, "\(end.text) is closed already in this process", at: 0)
      }
    case .handle(let handle as PipeHandle):
      let isOpen = handle.pipe.openEnds
      if isOpen.isEmpty {
        throw call.error(.closed, "\(handle.shown) is closed already in this process", at: 0)
      }
      for end in isOpen { _ = handle.pipe.close(end) }
    default: break
    }
    return .null
  }

  static let info = Command(
    "pipe info", "Show details of a pipe", parameters: [pipe], traits: .reports,
    examples: [
      Example("pipe new p\nprint (pipe info p).form (pipe info p).open", "duplex [\"a\", \"b\"]")
    ]
  ) { call in try PipeTarget(call[0], sends: false).handle.record() }

  static let list = Command(
    "pipe list", "List this process's pipes, the ends it has open, and who waits at them",
    traits: .reports, examples: [Example("pipe new p\nprint (pipe list)[0].name", "p")]
  ) { call in try channelReport(call, PipeHandle.self) { try $0.record() } }
}
