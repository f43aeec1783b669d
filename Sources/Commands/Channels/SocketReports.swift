import Language
import Posix
import Session

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
    "socket info", "Tell all about a socket",
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
    if !handle.isListening, handle.descriptor >= 0 {
      facts.set("unread", .int(handle.inbox.bytes.count + Socket.unread(handle.descriptor)))
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
