import Channels
import Glibc
import Posix
import Processes

// The library of channels used from Swift, without the shell: seconds for each operation.
//   channels-bench queue COUNT

func seconds() -> Double { Double(Clock.monotonic) / 1e9 }

func queue(_ count: Int) throws {
  let forever = Wait(PollSleeper())
  let slots = try ProcessSlots()
  let queue = try Queue()
  let slot = try slots.reserve(isNested: false)
  queue.admit(slot)
  if case .parent(let pid, _) = try forkProcess() {
    slots.fill(slot, pid: pid)
    var received = 0
    var start = 0.0
    for i in 0..<count {
      received &+= try queue.get(forever) { $0.bytes.loadUnaligned(as: Int.self) }
      if i == 0 { start = seconds() }
    }
    guard received == count * (count - 1) / 2 else { exit(1) }
    print((seconds() - start) / Double(count))
  } else {
    slots.take(slot)
    for i in 0..<count {
      try withUnsafeBytes(of: i) { try queue.put($0, forever) }
    }
    Process.exitNow(0)
  }
}

func main() throws {
  let arguments = CommandLine.arguments
  guard arguments.count == 3, arguments[1] == "queue", let count = Int(arguments[2]), count > 0
  else {
    print("usage: channels-bench queue COUNT")
    exit(2)
  }
  try queue(count)
}

try main()
