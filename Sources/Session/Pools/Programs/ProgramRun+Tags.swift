import Language
import Pools

/// What stands around each line of a program's output.
struct LineFrame {
  var before: [UInt8] = []
  var after: [UInt8] = []

  var isEmpty: Bool { before.isEmpty && after.isEmpty }
}

/// Tags and colours.
extension ProgramRun {
  func frame(_ record: TaskRecord) -> LineFrame {
    let tag = tag(record)
    guard options.isColored else { return LineFrame(before: tag) }
    let color = Array("\u{1B}[\(ProgramRun.colors[record.index % ProgramRun.colors.count])m".utf8)
    let reset = Array("\u{1B}[0m".utf8)
    if tag.isEmpty { return LineFrame(before: color, after: reset) }
    return LineFrame(before: color + tag + reset)
  }

  /// Those that can be read on light and on dark.
  private static let colors = [32, 33, 34, 35, 36, 31, 92, 94, 95, 96]

  private func tag(_ record: TaskRecord) -> [UInt8] {
    let input = record.input
    if let tag = options.tag {
      let clean = TaskInput(input.parts.map { TerminalText.line($0) })
      return tag(clean, record.index, record.slot)
    }
    guard policy.isTagged else { return [] }
    // Of several inputs to a call the first one stands for all.
    let text =
      groups != nil && input.parts.count > 1 ? input.parts[0] + Array("…".utf8) : input.bytes
    return TerminalText.line(text) + [0x09]
  }
}
