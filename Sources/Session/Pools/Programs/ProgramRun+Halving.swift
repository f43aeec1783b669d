import Glibc
import Language
import Pools
import Posix
import Processes

/// Calls with several inputs that are too long for the kernel after all, as where the limit of the
/// stack has changed since.
extension ProgramRun {
  /// Starts a call; where execve(2) says E2BIG, half of its inputs becomes a call of its own.
  func spawnFitting(_ batch: TaskBatch, _ index: Int, _ place: Int) throws -> ProgramAttempt {
    while true {
      guard let record = live[index] else { throw ErrorObject(.system, "no such call") }
      do {
        return try spawn(batch, record, place)
      } catch let error as SystemError {
        guard error.code == E2BIG, halve(record) else { throw error }
      }
    }
  }

  private func halve(_ record: TaskRecord) -> Bool {
    let inputs = record.input.inputs.map { TaskInput(Array($0)) }
    guard let groups, inputs.count > 1, record.attempts == 0 else { return false }
    groups.shrink()
    let middle = (inputs.count + 1) / 2
    // The journal knows each input, or none.
    let members = record.members
    let isKnown = members.count == inputs.count
    live[record.index] = call(
      record.index, inputs[..<middle], isKnown ? Array(members[..<middle]) : [])
    live[count] = call(count, inputs[middle...], isKnown ? Array(members[middle...]) : [])
    count += 1
    scheduler.supply(job, upTo: count, isWhole: job.isWhole)
    return true
  }

  /// A call for some inputs, and what the journal knows of them.
  func call(
    _ index: Int, _ inputs: ArraySlice<TaskInput>, _ members: [RecalledProgram]
  ) -> TaskRecord {
    var record = TaskRecord(index: index, input: TaskInput(joining: Array(inputs)))
    if inputs.count == 1 {
      record.recalled = members.first
      return record
    }
    record.members = members
    if !members.isEmpty {
      var recalled = RecalledProgram()
      recalled.key = key?(record.input, index) ?? ""
      record.recalled = recalled
    }
    return record
  }
}
