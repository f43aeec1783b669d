import Channels
import Language
import Posix
import Session
import Waits

/// `select`: whichever comes first of queues, pipes, sockets, futures, events, the ends of processes,
/// signals, and a timer.
enum SelectCommand {
  static let command = Command(
    "select", "Wait for whichever comes first, and run its arm",
    details: """
      Of several that are ready the first in the order of the arms is taken; nothing is taken but \
      what the arm that runs receives. A queue or pipe that is closed for good is passed over; when \
      no arm can ever run, `select` throws `closed`, or `peer-died` if a signal ended the last process \
      that could have answered. A listening socket gives a connection, a \
      connection a value; when the other side is gone it throws, and the error's field `socket` \
      tells which one. A future gives its value; if its task failed, that error is thrown, with a field \
      `future`. An event's arm runs while it is set, and if it was set meanwhile. What has ended, is \
      done or is set stays so: in a loop, take it out of the list, or clear the event. \
      Arms run in place, as the blocks of `lock \
      with`, and the value of the one that ran is the value of `select`.
      """,
    examples: [
      Example(
        "queue new q\nlet child = fork { queue put q hello; sleep 10ms }\nfor i in 1..2 {\n  select {"
          + "\n    queue q { |v| print got $v }\n    exit $child { |r| print ended $r.exit }\n    "
          + "after 5s { print late }\n  }\n}", "got hello\nended 0"),
      Example(
        "pool new 2\nevent new enough\nlet f = pool submit { |x| $x * $x } 12\nselect {\n  future $f { |v| "
          + "print result $v }\n  event enough { print stopped }\n}", "result 144"),
      Example("let x = (select { after 10ms { \"nothing came\" } })\nprint $x", "nothing came"),
    ],
    choice: Choice(arms: SelectKind.allCases.map(\.arm), select: select))

  /// Waits, and takes what has come first.
  @Sendable static func select(_ call: borrowing Selection) throws -> Selected {
    let session = call.interpreter.session
    let (arms, signals) = try sources(call)
    // Blocked while we wait, so that none is lost to a handler; then as before.
    let before = signals.isEmpty ? nil : Signals.block(signals)
    defer { if let before { Signals.setMask(before) } }
    defer { for arm in arms { arm.close() } }
    defer { WaitNote.letGo() }
    while true {
      for arm in arms {
        if let (value, origin) = try arm.take() {
          return Selected(arm.index, value, origin: origin)
        }
      }
      try sleep(arms, session, call)
    }
  }

  /// What the arms wait for, and the signals among it.
  static func sources(
    _ call: borrowing Selection
  ) throws -> (arms: [any SelectSource], signals: SignalSet) {
    var signals: SignalSet = []
    var arms: [any SelectSource] = []
    for index in 0..<call.count {
      let kind = SelectKind.allCases[call.kind(index)]
      let items: [Value] =
        if case .list(let list) = call[index] { list.items } else { [call[index]] }
      if kind == .signal { for item in items { signals.insert(try signal(item)) } }
      for item in items { arms.append(try kind.source(item, index, call.interpreter.session)) }
    }
    return (arms, signals)
  }

  private static func signal(_ value: Value) throws -> Signal {
    try ParameterType.signal(named: value.asText)
  }

  private static func sleep(
    _ arms: [any SelectSource], _ session: Session, _ call: borrowing Selection
  ) throws {
    var descriptors: [Int32] = []
    var deadline = Int64.max
    var limit = Int64.max
    var targets: [WaitTarget] = []
    var flags: WaitNote.Flags = []
    var canCome = session.mayActWhileAsleep
    var death: Ending?
    for arm in arms {
      switch try arm.prepare() {
      case .ready: return
      case .never(let why):
        if case .peerDied(let ending) = why { death = ending }
        continue
      case .at(let moment): limit = min(limit, moment)
      case .descriptors(let more, let until):
        descriptors += more
        deadline = min(deadline, until)
      }
      canCome = true
      if let target = arm.target { targets.append(target) }
      if !arm.isTargetAll { flags.insert(.more) }
    }
    guard canCome else { throw nothingCanCome(death, session, call) }
    WaitNote.keep(.select, targets, until: limit, flags)
    _ = try session.waitLimit().sleepOnce(descriptors, until: min(deadline, limit))
  }

  private static func nothingCanCome(
    _ death: Ending?, _ session: Session, _ call: borrowing Selection
  ) -> ErrorObject {
    guard let death else {
      return call.error(
        .closed, "no arm of 'select' can ever run",
        help: "its queues and pipes are closed, or no other process is left that could use them")
    }
    return call.error(
      .peerDied,
      "no arm of 'select' can ever run: no process is left that could answer, and process "
        + "\(session.named(death.pid)) \(death.description)"
    ).amended { $0.payload = death.facts }
  }
}

/// The kinds of arms.
private enum SelectKind: CaseIterable {
  case queue, pipe, socket, future, event, exit, signal, after

  var arm: SelectArm {
    switch self {
    case .queue:
      SelectArm(
        "queue", Parameter("queue", .listed(.channel(QueueHandle.self, "queue"))),
        gives: ["value", "queue"])
    case .pipe: SelectArm("pipe", Parameter("pipe", .listed(.pipe)), gives: ["value", "pipe"])
    case .socket:
      SelectArm("socket", Parameter("socket", .listed(.socket)), gives: ["value", "socket"])
    case .future:
      SelectArm("future", Parameter("future", .listed(.future)), gives: ["value", "future"])
    case .event:
      SelectArm(
        "event", Parameter("event", .listed(.channel(EventHandle.self, "event"))), gives: ["event"])
    case .exit:
      SelectArm("exit", Parameter("process", .processes), gives: ["record", "process"])
    case .signal: SelectArm("signal", Parameter("signal", .listed(.signal)), gives: ["signal"])
    case .after: SelectArm("after", Parameter("duration", .duration))
    }
  }

  func source(_ value: Value, _ index: Int, _ session: Session) throws -> any SelectSource {
    switch self {
    case .queue:
      if case .handle(let far as RedisQueueHandle) = value {
        return RedisQueueSource(index, far, session)
      }
      guard case .handle(let handle as QueueHandle) = value else {
        throw ErrorObject.badValue("queue", must: "a queue", is: value)
      }
      return QueueSource(index, handle, session)
    case .pipe: return try PipeSource(index, value, session)
    case .socket:
      guard case .handle(let handle as SocketHandle) = value else {
        throw ErrorObject.badValue("socket", must: "a socket", is: value)
      }
      return SocketSource(index: index, handle: handle)
    case .future:
      guard case .handle(let future as PoolFuture) = value.plain else {
        throw ErrorObject.badValue("future", must: "a future, as pool submit yields it", is: value)
      }
      return FutureSource(index: index, future: future)
    case .event:
      if case .handle(let far as RedisHolderHandle) = value {
        return RedisEventSource(index, far, session)
      }
      guard case .handle(let handle as EventHandle) = value else {
        throw ErrorObject.badValue("event", must: "an event", is: value)
      }
      return EventSource(index, handle, session)
    case .exit:
      let target = try ProcessTarget(value)
      if session.processes.child(target.pid) == nil, target.handle?.record == nil,
        let parent = ParentWatch(target.pid, session)
      {
        return ParentSource(index, parent)
      }
      return try ExitSource(index, target, session)
    case .signal: return try SignalSource(index, ParameterType.signal(named: value.asText))
    case .after:
      guard case .duration(let time) = value else {
        throw ErrorObject.badValue("time", must: "a duration", is: value)
      }
      return TimeSource(index: index, moment: Clock.deadline(after: Int64(time)))
    }
  }
}

extension ParameterType {
  /// One thing, or a list of them.
  static func listed(_ type: ParameterType) -> ParameterType {
    ParameterType(
      type.name, "\(type.phrase), or a list of them", completion: type.completion
    ) { input in
      guard case .list(let list) = input.value else { return try type.converted(input) }
      return .items(
        try list.items.map { item in
          let input = Input(value: item, interpreter: input.interpreter)
          guard let value = try type.converted(input) else {
            throw ErrorObject.badValue("item of the list", must: type.phrase, is: item)
          }
          return value
        })
    }
  }
}
