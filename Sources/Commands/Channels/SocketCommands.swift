import Channels
import Language
import Posix
import Session

/// `socket`: connections between any processes, of this session or not, of this machine or not.
enum SocketCommands {
  static let all = [
    listen, accept, connect, send, receive, SocketTextCommands.read, SocketTextCommands.write,
    close, SocketReports.list, SocketReports.info,
  ]

  static let socket = Parameter("socket", .socket)
  private static let address = Parameter(
    "address", .text.named("address", "an address: \(SocketEndpoint.forms)"), .optional,
    "\(SocketEndpoint.forms); alone, the name is chosen by Brood")

  static let listen = Command(
    "socket listen", "Listen for connections at an address",
    details: """
      unix:PATH is a file, unix:@NAME a name without a file, tcp:HOST:PORT an address of this \
      machine: 127.0.0.1 or localhost for itself only, 0.0.0.0 for everybody, [::1] for IPv6. \
      With port 0 the kernel chooses one; the field `port` tells it.

      A socket file at which no process listens any more is replaced. The file is removed by `socket \
      close` in the process that made it, and at the end of the session, however it ends. A \
      path may be longer than the kernel's 107 bytes.

      Forked children have the socket too, so that several can accept from it.
      """,
    parameters: [Parameter("name", .channelName), address],
    examples: [
      Example(
        "let server = socket listen web tcp:127.0.0.1:0\nprint $server.state ($server.port > 0)",
        "listening true"),
      Example(
        "socket listen s unix:@help-listen-$pid\n"
          + "try { socket listen t unix:@help-listen-$pid } catch e { print $e.code }",
        "EADDRINUSE"),
    ]
  ) { call in
    let (name, index) = nameAndAddress(call)
    let endpoint = try SocketEndpoint(call, at: index)
    return try located(call, index) {
      .handle(try call.session.listen(name, endpoint, HostNames(call)))
    }
  }

  static let accept = Command(
    "socket accept", "Accept the next connection of a listening socket",
    details: """
      Yields the connection; its field `pid` is the process on the other side of a unix socket. A \
      server of many forks a child for each: the child has the connection too, and `socket close` \
      closes it in the parent.
      """,
    parameters: [
      socket,
      Parameter("new", .channelName, .optional, "the connection's name, else chosen by Brood"),
    ],
    flags: [.timeout],
    examples: [
      Example(
        """
        let at = "unix:@help-accept-$pid"
        socket listen server $at
        fork { socket connect c $at; socket send c "I am a child" }
        let guest = socket accept server
        print (socket recv $guest) ($guest.pid == $pid)
        """, "I am a child false"),
      Example(
        "socket listen s unix:@help-accept2-$pid\n"
          + "try { socket accept s --timeout 10ms } catch e: timeout { print none }", "none"),
    ]
  ) { call in
    return .handle(try handle(call).accept(named: call.newName(1), wait(call)))
  }

  static let connect = Command(
    "socket connect", "Connect to a listening socket",
    details: """
      All addresses of a host are tried in turn. Names of hosts are looked up in /etc/hosts and \
      by the program getent, which asks DNS. If no process listens there the error is `missing`.
      """,
    parameters: [Parameter("name", .channelName), address], flags: [.timeout],
    examples: [
      Example(
        "socket listen server tcp:127.0.0.1:0\nlet port = (socket info server).port\n"
          + "let c = socket connect client tcp:127.0.0.1:$port\n"
          + "print $c.state ($c.peer == \"tcp:127.0.0.1:$port\")", "connected true"),
      Example(
        "try { socket connect c unix:@help-nobody-$pid } catch e { print $e.kind $e.code }",
        "missing ECONNREFUSED"),
    ]
  ) { call in
    let (name, index) = nameAndAddress(call)
    let endpoint = try SocketEndpoint(call, at: index)
    if case .host(_, port: 0) = endpoint.place {
      throw call.bad("address", must: "tcp:HOST:PORT with a port from 1 to 65535", at: index)
    }
    return try located(call, index) {
      .handle(
        try call.session.connect(name, endpoint, HostNames(call), wait(call)))
    }
  }

  static let send = Command(
    "socket send", "Send a value through a connection",
    details: """
      The other side gets it whole with `socket recv`. Handles and closures mean nothing there: \
      pipes and queues carry those. If the time is over when a part has gone out, the connection \
      cannot be written to any more.
      """,
    parameters: [socket, Parameter("value", .any)], flags: [.timeout],
    examples: [
      Example(
        """
        socket listen s unix:@help-send-$pid
        socket connect a unix:@help-send-$pid
        socket accept s b
        socket send a [task: 7, files: ["x", "y"]]
        print (socket recv b).files
        """, "[\"x\", \"y\"]")
    ]
  ) { call in
    try handle(call).send(call[1].plain, wait(call))
    return .null
  }

  static let receive = Command(
    "socket recv", "Receive the next value of a connection",
    details: """
      Throws `closed` once the other side has closed it, `peer-died` if a signal ended the process \
      on the other side of a unix socket. What comes is not trusted: it becomes data or an error.
      """,
    parameters: [socket], flags: [.timeout],
    examples: [
      Example(
        """
        let at = "unix:@help-recv-$pid"
        socket listen s $at
        fork {
          socket connect c $at
          for i in 1..3 { socket send c $i }
        }
        let c = socket accept s
        try { while true { print (socket recv $c) } } catch e: closed { print end }
        """, "1\n2\n3\nend")
    ]
  ) { call in
    try handle(call).receive(wait(call))
  }

  static let close = Command(
    "socket close", "Close this process's copy of a socket",
    details: """
      The other side sees the end once all copies are closed. Its name is free again.
      """,
    parameters: [socket],
    flags: [Flag("write", nil, "only tell the other side that nothing more will come")],
    examples: [
      Example(
        """
        socket listen s unix:@help-close-$pid
        socket connect a unix:@help-close-$pid
        socket accept s b
        socket close a
        try { socket recv b } catch e: closed { print $e.message }
        """, "cannot receive from socket 'b': the other side has closed it")
    ]
  ) { call in
    let handle = try handle(call)
    if call.isSet("write") {
      try handle.working("close") { try handle.socket.endWriting() }
    } else {
      handle.close()
    }
    return .null
  }

  // MARK: Arguments

  static func handle(_ call: borrowing Call) throws -> SocketHandle {
    try call.channel(as: SocketHandle.self)
  }

  /// How long a call waits.
  static func wait(_ call: borrowing Call) -> Wait {
    call.session.waitLimit(call.nanoseconds("timeout"))
  }

  static func nameAndAddress(_ call: borrowing Call) -> (name: String?, index: Int) {
    call.has(1) ? (call.newName(), 1) : (nil, 0)
  }

  /// Errors of opening point at the address, unless they are about the name.
  static func located(
    _ call: borrowing Call, _ index: Int, _ body: () throws -> Value
  ) throws -> Value {
    do {
      return try body()
    } catch let error as ErrorObject where error.location == nil {
      let isOfName = error.message.hasPrefix("the name ") || error.message.hasPrefix("'")
      error.location = call.location(isOfName ? 0 : index)
      throw error
    }
  }
}

extension ParameterType {
  /// A socket by name or handle: becomes its handle.
  static let socket = ParameterType(
    "socket", "a socket: its name or handle", completion: .live("socket"), version: Names.version
  ) { input in
    if case .handle(let handle) = input.value { return handle is SocketHandle ? input.value : nil }
    guard let word = input.word else { return nil }
    return .handle(try input.interpreter.session.socket(named: word, for: input.command))
  }
}

extension Session {
  /// A socket of this process by its name.
  func socket(named name: String, for command: Command?) throws -> SocketHandle {
    if let handle = names[name] {
      if let socket = handle as? SocketHandle { return socket }
      throw wrongFamily(handle, name, "socket", command, interpreter)
    }
    let known = names.all("socket").map(\.name)
    let near = nearest(name, among: known).map { "did you mean '\($0)'? " } ?? ""
    let list =
      known.isEmpty
      ? "there are none; make one with: socket listen \(name) ADDRESS, or socket connect"
      : "there are: " + namesText(known)
    throw ErrorObject(.missing, "no socket is named '\(name)'", help: near + list)
  }
}

/// What is known of sockets.
enum SocketReports {
  static let list = Command(
    "socket list", "List the sockets of this process",
    details: "Fields: name state address port peer pid fd.", traits: .reports,
    examples: [
      Example(
        "socket listen s unix:@help-list-$pid\nfor r in (socket list) { print $r.name $r.state }",
        "s listening")
    ]
  ) { call in
    let sockets = call.session.names.all("socket").compactMap { $0.handle as? SocketHandle }
    let records = try sockets.map { try facts($0) }
    let value = Value.items(records.map { .map($0) })
    if call.site.wantsValue { return value }
    return .report(
      ReportObject(value, text: tableText(records, width: ReportWidth.columns)))
  }

  static let info = Command(
    "socket info", "Show details of a socket",
    details: """
      `address` is its own address, `peer` that of the other side, where it has one. `pid` is the \
      process that connected, or that listened: forked children that share the socket may be the \
      ones who answer. `unread` is how many bytes wait to be read. The state `ended` means that the \
      other side has closed it and all was read.
      """,
    parameters: [SocketCommands.socket], traits: .reports,
    examples: [
      Example(
        """
        socket listen s unix:@help-info-$pid
        socket connect c unix:@help-info-$pid
        let i = socket info c
        print $i.state ($i.pid == $pid) ($i.peer == "unix:@help-info-$pid")
        """, "connected true true")
    ]
  ) { call in
    let handle = try SocketCommands.handle(call)
    let facts = try facts(handle)
    if !handle.socket.isListening, handle.socket.descriptor >= 0 {
      facts.set("unread", .int(handle.socket.unread))
    }
    let text = factsText(facts.pairs.map { ($0.key.asText, $0.value.asText) })
    return .report(ReportObject(.map(facts), text: text))
  }

  private static func facts(_ handle: SocketHandle) throws -> MapObject {
    let facts = MapObject()
    for name in handle.fieldNames { facts.set(name, try handle.field(name) ?? .null) }
    return facts
  }
}
