/// What a run has shown behind the decisions that it repeats: enough for a search elsewhere to go on as if
/// it had made the run itself.
public struct RunTrace: Sendable {
  /// A decision, and what came of it.
  struct Entry: Sendable {
    var moment: Moment
    var pick: Step
    var effects: Operation
    var cause: Int?
  }

  /// Tells the decisions that are repeated from others.
  let repeated: UInt64
  /// How many these are; the last one is new to this run.
  let count: Int
  /// What came of that.
  var effects = Operation("")
  var cause: Int?
  /// The decisions behind it.
  var entries: [Entry] = []
  /// Whether what would follow was seen already.
  var isCut = false
  /// What there is behind the last one.
  public let end: Moment
}

/// A part of the tree of decisions that a search will come to: below a decision that it has made another way
/// so far.
public struct Subtree: Sendable {
  /// The decisions that lead to it.
  public let steps: [Step]
  /// What was tried before the last of them, with what it did.
  let asleep: [Step: Operation]
}

extension Search {
  // MARK: For another search

  /// What the run that has ended last, and for which `end` was not called, has shown.
  ///
  /// - Parameters:
  ///   - count: how many decisions it repeats.
  ///   - end: what there is behind its last one.
  public func trace(repeating count: Int, end: Moment) -> RunTrace {
    var trace = RunTrace(repeated: mark(of: count), count: count, end: end)
    if count > 0, nodes.indices.contains(count - 1) {
      trace.effects = nodes[count - 1].effects
      trace.cause = nodes[count - 1].cause
    }
    for node in nodes.dropFirst(count) {
      guard let pick = node.pick else { break }
      trace.entries.append(
        RunTrace.Entry(
          moment: node.moment, pick: pick, effects: node.effects, cause: node.cause))
    }
    trace.isCut = wasCut
    return trace
  }

  /// How many decisions the next run repeats.
  public var repeated: Int { nodes.count }

  /// Tells the first decisions from others.
  func mark(of count: Int) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ number: Int) {
      hash = (hash ^ UInt64(truncatingIfNeeded: number)) &* 0x100_0000_01b3
      hash ^= hash >> 29
    }
    for node in nodes.prefix(count) {
      guard let pick = node.pick else { continue }
      for place in pick.process.places { mix(place) }
      mix(-1 - pick.act.rawValue)
    }
    return hash
  }

  /// Makes the next run from a trace, in place of `begin`, `choose` and `took`; false where it is none of
  /// the next run, which is still to be made then.
  public func take(_ trace: RunTrace) -> Bool {
    guard trace.count == nodes.count, trace.repeated == mark(of: trace.count) else { return false }
    begin()
    skip(trace.count)
    took(trace.effects, cause: trace.cause)
    for entry in trace.entries {
      guard (try? choose(entry.moment)) == entry.pick else {
        giveUp(trace.count)
        return false
      }
      took(entry.effects, cause: entry.cause)
    }
    if trace.isCut {
      let picked = try? choose(trace.end)
      guard picked == nil, wasCut else {
        giveUp(trace.count)
        return false
      }
    }
    return true
  }

  // MARK: Parts of the tree

  /// Parts of the tree that the search will come to as far as it is known, those first that lie highest and
  /// so are large as a rule.
  ///
  /// What is found until then may change that.
  public var subtrees: [Subtree] {
    var result: [Subtree] = []
    // The last decision is that of the next run, which is not made yet.
    for (index, node) in nodes.dropLast().enumerated() {
      guard let pick = node.pick else { break }
      var asleep = node.sleep
      if limits.isReduced { asleep[pick] = node.effects }
      guard let next = next(at: node, done: pick, asleep: asleep) else { continue }
      result.append(
        Subtree(steps: nodes.prefix(index).compactMap(\.pick) + [next], asleep: asleep))
    }
    return result
  }

  /// Keeps to a part of the tree.
  public func enter(_ subtree: Subtree) {
    let count = subtree.steps.count
    guard count > 0, nodes.count >= count, let last = subtree.steps.last else { return }
    nodes.removeLast(nodes.count - count)
    let node = nodes[count - 1]
    node.sleep = subtree.asleep
    node.pick = last
    node.effects = Operation("")
    node.cause = nil
    floor = count
  }

  /// Whether the search will still come to a part, or is in it.
  public func awaits(_ steps: [Step]) -> Bool {
    guard let last = steps.last, nodes.count >= steps.count else { return false }
    let node = nodes[steps.count - 1]
    guard zip(nodes, steps.dropLast()).allSatisfy({ $0.pick == $1 }) else { return false }
    return node.pick == last || node.done[last] == nil
  }

  /// Whether the next run is in a part.
  public func isIn(_ steps: [Step]) -> Bool {
    nodes.count >= steps.count && zip(nodes, steps).allSatisfy { $0.pick == $1 }
  }
}

/// Traces as bytes.
extension RunTrace {
  /// Puts it.
  public func put(to writer: inout TraceWriter) {
    writer.put(Int(Int64(bitPattern: repeated)))
    writer.put(count)
    writer.put(effects)
    writer.put(cause ?? -1)
    writer.put(entries.count)
    for entry in entries {
      writer.put(entry.moment)
      writer.put(entry.pick)
      writer.put(entry.effects)
      writer.put(entry.cause ?? -1)
    }
    writer.put(isCut ? 1 : 0 as UInt8)
    writer.put(end)
  }

  /// Nil for bytes that are none.
  public init?(from reader: inout TraceReader) {
    guard let mark = reader.number(), let count = reader.number(),
      let effects = reader.operation(), let cause = reader.number(), let entries = reader.count()
    else { return nil }
    var all: [Entry] = []
    for _ in 0..<entries {
      guard let moment = reader.moment(), let pick = reader.step(),
        let effects = reader.operation(), let cause = reader.number()
      else { return nil }
      all.append(
        Entry(moment: moment, pick: pick, effects: effects, cause: cause < 0 ? nil : cause))
    }
    guard let isCut = reader.byte(), let end = reader.moment() else { return nil }
    self.init(repeated: UInt64(bitPattern: Int64(mark)), count: count, end: end)
    self.effects = effects
    self.cause = cause < 0 ? nil : cause
    self.entries = all
    self.isCut = isCut == 1
  }
}
