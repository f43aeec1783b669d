import Channels
import Language
import Posix
import Session

/// `queue`: values from any number of producers to any number of consumers, first in, first out.
enum QueueCommands {
  static let all = [new, put, get]

  private static let type = ParameterType.channel(QueueHandle.self, "queue")

  static let new = Command(
    "queue new", "Make a queue: first in, first out, for any number of processes",
    details: """
      MAX bounds the items in it, --bytes their size; `put` waits while it is full. Its memory is \
      bounded by `config limit.queue` in any case.

      Whatever is killed at any instant: no item is torn or lost but the one in the hands of the \
      dead, and nobody waits for ever. With `queue get --lease` that one comes back too.
      """,
    parameters: [
      Parameter("name", .spelled, .optional, "chosen by Brood if it is left out"),
      Parameter("max", .int, .optional, "how many items fit"),
    ],
    flags: [Flag("bytes", .size, "how many bytes fit")],
    examples: [
      Example("queue new jobs 3\nqueue put jobs [id: 7]\nprint (queue get jobs).id", "7")
    ]
  ) { call in
    let session = call.session
    let handle = try session.addChannel(call.has(0) ? call[0].asText : nil, prefix: "queue") {
      name in
      let queue = try asking("cannot make a queue") {
        try Queue(mostItems: call.has(1) ? call.int(1) : nil)
      }
      return QueueHandle(name, queue, session)
    }
    return .handle(handle)
  }

  static let put = Command(
    "queue put", "Put a value into a queue",
    parameters: [Parameter("queue", type), Parameter("value", .any)],
    flags: [
      Flag("timeout", .duration, "throw `timeout` after so long"),
      Flag("no-wait", nil, "throw `full` rather than wait for room"),
    ]
  ) { call in
    try queue(call).put(call[1], patience(call), call.session)
    return .null
  }

  static let get = Command(
    "queue get", "Take the first value out of a queue",
    parameters: [Parameter("queue", type)],
    flags: [
      Flag("timeout", .duration, "throw `timeout` after so long"),
      Flag("no-wait", nil, "throw `empty` rather than wait for a value"),
      Flag("lease", .duration, "only lend it: it comes back unless `queue ack` comes in time"),
    ]
  ) { call in
    try queue(call).get(
      lease: call.nanoseconds("lease").map { Int64($0) }, patience(call), call.session)
  }

  private static func queue(_ call: borrowing Call) throws -> QueueHandle {
    guard case .handle(let handle) = call[0], let queue = handle as? QueueHandle else {
      throw call.bad("queue", must: "a queue", at: 0)
    }
    return queue
  }

  static func patience(_ call: borrowing Call) -> Wait {
    call.isSet("no-wait")
      ? call.session.impatience : call.session.patience(call.nanoseconds("timeout"))
  }
}
