/// Draws schedules as PCT does (Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010): each process has
/// a priority, the highest that can goes, and at a few moments the one that goes becomes the last.
///
/// A fault that needs d changes is found by a run with a probability of at least 1 / (n · k^(d-1)), for n
/// processes and k steps.
public struct RandomSchedules: Sendable {
  private var state: UInt64
  private let seed: UInt64
  /// How many steps a run has, by the first one.
  private var length = 16
  private var priorities: [ProcessPath: UInt64] = [:]
  private var changes: Set<Int> = []
  private var death: Int?
  private var step = 0
  private var last = -1
  private var lowest: UInt64 = 1 << 20

  /// How many changes of priority a run has.
  public static let depth = 3

  /// The same seed draws the same.
  public init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  private mutating func draw() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  private mutating func draw(below limit: Int) -> Int { Int(draw() % UInt64(max(1, limit))) }

  /// A run begins.
  ///
  /// - Parameters:
  ///   - run: which one, from 0; what is drawn for one does not depend on the others but the first, which
  ///     comes first.
  ///   - kills: whether a process may die in it.
  public mutating func begin(_ run: Int, kills: Bool) {
    if last == 0 { length = max(length, step) }
    last = run
    state = seed
    if run > 0 { state = seed ^ draw() &+ UInt64(truncatingIfNeeded: run) &* 0xd1b5_4a32_d192_ed03 }
    step = 0
    priorities = [:]
    lowest = 1 << 20
    changes = []
    while changes.count < RandomSchedules.depth - 1 { changes.insert(draw(below: length)) }
    death = kills ? draw(below: length) : nil
  }

  /// What happens next; nil where nothing but deaths can.
  public mutating func choose(_ moment: Moment) -> Step? {
    let possible = moment.choices.filter { $0.act != .kill }
    for choice in possible where priorities[choice.process] == nil {
      priorities[choice.process] = 1 << 32 + draw() % (1 << 24)
    }
    defer { step += 1 }
    guard let first = highest(possible) else { return nil }
    if step == death {
      let deaths = moment.choices.filter { $0.act == .kill }
      if !deaths.isEmpty { return deaths[draw(below: deaths.count)] }
    }
    guard changes.contains(step) else { return act(of: first, possible) }
    lowest -= 1
    priorities[first.process] = lowest
    return highest(possible).map { act(of: $0, possible) }
  }

  /// A signal that has come is handled before the operation of its process as often as behind it.
  private mutating func act(of step: Step, _ possible: [Step]) -> Step {
    let acts = possible.filter { $0.process == step.process && $0.act <= .signal }
    return acts.count > 1 ? acts[draw(below: acts.count)] : step
  }

  private func highest(_ possible: [Step]) -> Step? {
    possible.max { (priorities[$0.process] ?? 0, $1) < (priorities[$1.process] ?? 0, $0) }
  }
}
