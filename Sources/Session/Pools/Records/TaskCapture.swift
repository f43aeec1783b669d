import Glibc
import Language
import Posix

/// What a task of a worker writes, for its record: two pieces of memory that take the place of
/// standard output and standard error.
///
/// The pool has them too, so that it can read on when the worker is dead.
final class TaskCapture {
  let output: Int32
  let error: Int32
  private let saved: (output: Int32, error: Int32)
  private var begun: Int64 = 0
  private var start: Int64 = 0
  private var cpu: Int64 = 0

  init() throws(SystemError) {
    output = try Descriptors.makePrivate(try MemoryFile.make("brood output"))
    error = try Descriptors.makePrivate(try MemoryFile.make("brood error"))
    saved = (try Descriptors.privateCopy(of: 1), try Descriptors.privateCopy(of: 2))
  }

  func begin() throws(SystemError) {
    for (memory, number) in [(output, Int32(1)), (error, Int32(2))] {
      // Whatever an earlier task has left behind is none of this one's.
      ftruncate(memory, 0)
      lseek(memory, 0, SEEK_SET)
      try Descriptors.copy(memory, onto: number)
    }
    begun = Clock.monotonic
    start = Clock.realtime
    cpu = TaskCapture.usage.cpu
  }

  func end() {
    try? Descriptors.copy(saved.output, onto: 1)
    try? Descriptors.copy(saved.error, onto: 2)
  }

  /// The record so far, as this process knows it.
  var facts: MapObject {
    let elapsed = Clock.monotonic - begun
    let usage = TaskCapture.usage
    let map = MapObject()
    map.set("pid", .int(Int(Process.pid)))
    map.set("start", .time(Int(start)))
    map.set("elapsed", .duration(Int(elapsed)))
    map.set("cpu", .duration(Int(usage.cpu - cpu)))
    map.set("maxrss", .size(usage.memory))
    map.set("output", TaskInput.value(TaskCapture.contents(of: output)))
    map.set("error", TaskInput.value(TaskCapture.contents(of: error)))
    return map
  }

  /// What stands in front of each line of a task that works on an item.
  static func tag(of item: Value) -> String { TerminalText.line(item.asText) + "\t" }

  /// Writes what a task has written to where it was meant for, each line with a tag in front.
  static func show(_ output: Int32, _ error: Int32, tag: String) {
    for (memory, number) in [(output, Int32(1)), (error, Int32(2))] {
      var tagged: [UInt8] = []
      contents(of: memory).withUnsafeBytes { bytes in
        LineRelay.forEachLine(bytes) { line, _ in
          tagged += Array(tag.utf8)
          tagged.append(contentsOf: line)
          tagged.append(0x0A)
        }
      }
      if !tagged.isEmpty { try? tagged.withUnsafeBytes { try Transfer.writeAll(number, $0) } }
    }
  }

  /// All that was written.
  static func contents(of memory: Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    try? withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
      while true {
        let count = try MemoryFile.read(memory, into: buffer, at: bytes.count)
        if count == 0 { return }
        bytes.append(contentsOf: buffer[..<count])
      }
    }
    return bytes
  }

  /// The CPU time and the largest size of this process and of children that it waited for.
  private static var usage: (cpu: Int64, memory: Int) {
    var (own, children) = (rusage(), rusage())
    getrusage(__rusage_who_t(truncatingIfNeeded: RUSAGE_SELF.rawValue), &own)
    getrusage(__rusage_who_t(truncatingIfNeeded: RUSAGE_CHILDREN.rawValue), &children)
    let times = [own.ru_utime, own.ru_stime, children.ru_utime, children.ru_stime]
    let cpu = times.reduce(0) { $0 + Int64($1.tv_sec) * 1_000_000_000 + Int64($1.tv_usec) * 1000 }
    return (cpu, max(own.ru_maxrss, children.ru_maxrss) * 1024)
  }
}
