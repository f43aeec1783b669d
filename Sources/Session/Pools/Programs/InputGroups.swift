import Language
import Posix

/// Puts inputs together that one call of a program gets: `-n`, `-X` and `--max-chars`.
///
/// A group has as many inputs as fit into a program's words and as are wanted. With `-X` those that
/// are left when the inputs have ended are shared evenly among the calls that run at once. An input
/// that is too long goes alone.
public final class InputGroups {
  /// An input of a group, and what a journal knows of it.
  struct Member {
    let input: TaskInput
    let recalled: RecalledProgram?
  }

  /// What comes next.
  enum Next {
    /// What became of an input in an earlier run.
    case known(TaskRecord)
    case group([Member])
  }

  private let template: ProgramTemplate
  /// The most inputs of a group; nil for as many as fit.
  private let most: Int?
  private let isFilled: Bool
  private var room: Int
  private let mostChars: Int
  private let jobs: Int
  private let take: () throws -> TaskInput?
  private let stream: InputStream?
  /// What became of an input earlier: whether it is known, in its record.
  public var recall: ((_ record: inout TaskRecord) throws -> Bool)?

  private var members: [Member] = []
  private var known: [TaskRecord] = []
  private var hasEnded = false
  /// How many inputs were taken.
  private var count = 0
  /// How many of the members fit into one call, as far as was looked.
  private var fitting = 0
  private var parts = 0
  private var used: ProgramTemplate.Size
  private let baseSize: ProgramTemplate.Size
  private var isFull = false
  /// After the end: how many inputs a call gets at most.
  private var share = Int.max

  /// - Parameters:
  ///   - most: the most inputs of a call; nil for as many as fit.
  ///   - isFilled: the last ones are shared evenly.
  ///   - room: how many bytes the words of a call may take, `ArgumentSpace.perWord` for each.
  ///   - mostChars: likewise without the pointers, as xargs counts them.
  ///   - jobs: how many calls run at once.
  ///   - next: the next input; nil at the end.
  public init(
    _ template: ProgramTemplate, most: Int?, isFilled: Bool, room: Int, mostChars: Int = .max,
    jobs: Int, stream: InputStream?, next: @escaping () throws -> TaskInput?
  ) {
    self.template = template
    self.most = most
    self.isFilled = isFilled
    self.room = room
    self.mostChars = mostChars
    baseSize = template.baseSize
    used = baseSize
    self.jobs = jobs
    self.stream = stream
    take = next
  }

  /// What tells whether `next` would wait; nil if it never does.
  public var inputStream: InputStream? {
    stream.map { InputStream(descriptor: $0.descriptor, isReady: isReady) }
  }

  /// How many inputs wait here.
  var waiting: Int { members.count }

  private func isReady() throws -> Bool {
    while known.isEmpty, needsMore {
      if let stream, try !stream.isReady() { return false }
      try pull()
    }
    return true
  }

  /// The inputs of the next call, for which it waits; nil at the end.
  func next() throws -> Next? {
    while known.isEmpty, needsMore { try pull() }
    if !known.isEmpty { return .known(known.removeFirst()) }
    if members.isEmpty { return nil }
    let size = max(1, min(fitting, share))
    let group = Array(members.prefix(size))
    members.removeFirst(size)
    measure()
    return .group(group)
  }

  /// The inputs of the next call alone, for what only shows them.
  public func nextInput() throws -> TaskInput? {
    while let next = try next() {
      if case .group(let members) = next { return InputGroups.joined(members) }
    }
    return nil
  }

  static func joined(_ members: [Member]) -> TaskInput {
    TaskInput(joining: members.map(\.input))
  }

  private var needsMore: Bool { !hasEnded && !isFull }

  private func pull() throws {
    guard let input = try take() else {
      hasEnded = true
      if isFilled { share = max(1, (members.count + jobs - 1) / max(1, jobs)) }
      return
    }
    var record = TaskRecord(index: count, input: input)
    count += 1
    if try recall?(&record) == true { return known.append(record) }
    members.append(Member(input: input, recalled: record.recalled))
    fit(members.count - 1)
  }

  /// A call was too long for the kernel: the next ones are shorter.
  func shrink() { room /= 2 }

  /// Begins to measure the next call again.
  private func measure() {
    (fitting, parts, used, isFull) = (0, 0, baseSize, false)
    var place = 0
    while place < members.count, !isFull {
      fit(place)
      place += 1
    }
  }

  /// Looks whether the member after those that fit does so, too.
  private func fit(_ place: Int) {
    if isFull || place != fitting { return }
    let input = members[place].input
    used += template.growth(of: input, at: parts)
    parts += input.parts.count
    if place > 0, isTooMuch {
      isFull = true
      return
    }
    fitting = place + 1
    if let most, fitting >= most { isFull = true }
  }

  private var isTooMuch: Bool {
    used.all(perWord: ArgumentSpace.perWord) > room || used.all(perWord: 1) > mostChars
      || used.longest > ArgumentSpace.mostOfWord
  }
}
