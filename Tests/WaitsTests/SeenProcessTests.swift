import Testing
import Waits

/// Who is left, for one (pid 1) that waits for a value of a queue.
@Suite struct SeenProcessTests {
  static let value = WaitTarget(ReductionTests.jobs, .value)

  /// What process 1 finds, if these have the queue and could put.
  static func answer(_ others: SeenProcess..., besides: [WaitProcess] = []) -> Answer? {
    var graph = WaitGraph([WaitProcess(pid: 1, .asleep, .init("queue get", [value]))])
    for other in others { graph.add(other.process(beside: value)) }
    for process in besides { graph.add(process) }
    let shares = others.map { WaitObject.Share($0.pid, .canPut) }
    graph.add(WaitObject(value.object, shares, isTrue: [.value: false]))
    for other in others {
      guard let maker = other.maker else { continue }
      let pool = ObjectID(.pool, UInt64(maker))
      graph.add(WaitObject(pool, [.init(maker, .canPut)], isTrue: [.value: false]))
    }
    return graph.whoCanAct()[1]
  }

  static func living(
    _ pid: Int32 = 2, _ verb: String = "wait", _ targets: [WaitTarget]? = nil,
    mode: WaitProcess.Sleep.Mode = .any, deadline: Int64? = nil,
    flags: WaitProcess.Flags = []
  ) -> SeenProcess {
    var seen = SeenProcess(pid: pid, .living)
    guard let targets else { return seen }
    seen.note = .init(verb, targets, mode: mode, deadline: deadline)
    seen.flags = flags
    seen.isNoteBelieved = true
    return seen
  }

  static func alike(_ pid: Int32) -> SeenProcess {
    var seen = SeenProcess(pid: pid, .living)
    seen.waitsForTheSame = true
    return seen
  }

  /// What the channel's words tell is enough to leave one out.
  @Test func oneMayActOfWhomNothingSpeaksAgainstIt() {
    #expect(Standing().mayAct)
    for reason: Standing in [.hasLeft, .waitsForTheSame, .isIdleWorker] {
      #expect(!reason.mayAct && !reason.union(.hasLeft).mayAct)
    }
  }

  @Test func nobodyIsLeft() {
    #expect(Self.answer() == .cannot)
    #expect(Self.answer(SeenProcess(pid: 2, .ended)) == .cannot)
    #expect(Self.answer(Self.alike(2), Self.alike(3)) == .cannot)
  }

  @Test func oneWhoIsAwakeOrBeginsCanAct() {
    #expect(Self.answer(Self.living()) == .can)
    #expect(Self.answer(Self.alike(2), SeenProcess(pid: 3, .beginning)) == .can)
  }

  @Test func anErrorOfTheKernelIsNoDeath() {
    #expect(Self.answer(SeenProcess(pid: 2, .unseen)) == .unknown)
    #expect(Self.answer(Self.alike(2), SeenProcess(pid: 3, .unseen)) == .unknown)
  }

  @Test func aParentInWaitCannotAnswer() {
    let ends = ReductionTests.ends
    #expect(Self.answer(Self.living(2, "wait", ends(1))) == .cannot)
    #expect(Self.answer(Self.living(2, "wait", ends(1), deadline: 9)) == .can)
    #expect(Self.answer(Self.living(2, "wait", ends(1), flags: .handler)) == .can)
    #expect(Self.answer(Self.living(2, "wait", ends(1), flags: .alarm)) == .can)
    #expect(Self.answer(Self.living(2, "wait", ends(1), flags: .prompt)) == .can)
    #expect(Self.answer(Self.living(2, "wait", ends(1), flags: .otherWays)) == .unknown)
    // A program, or a process that is not in the table.
    #expect(Self.answer(Self.living(2, "wait", ends(99))) == .unknown)
  }

  @Test func aParentWaitsForOneOrForAll() {
    let busy = WaitProcess(pid: 3, .running)
    let both = ReductionTests.ends(1, 3)
    #expect(Self.answer(Self.living(2, "wait", both), besides: [busy]) == .can)
    #expect(Self.answer(Self.living(2, "wait", both, mode: .all), besides: [busy]) == .cannot)
    let ended = WaitProcess(pid: 3, .ended)
    #expect(Self.answer(Self.living(2, "wait", both), besides: [ended]) == .can)
  }

  @Test func aParentOfAParent() {
    let middle = Self.living(2, "wait", ReductionTests.ends(1))
    #expect(Self.answer(middle, Self.living(3, "wait", ReductionTests.ends(2))) == .cannot)
  }

  @Test func aRecordThatIsNotBelievedIsNone() {
    var seen = Self.living(2, "queue put", [WaitTarget(ObjectID(.queue, 7), .room)])
    seen.isNoteBelieved = false
    #expect(Self.answer(seen) == .can)
  }

  @Test func aWorkerWithoutATaskIsItsMaker() {
    var worker = Self.living()
    worker.maker = 1
    #expect(Self.answer(worker) == .cannot)
    worker.maker = 3
    #expect(Self.answer(worker, besides: [WaitProcess(pid: 3, .running)]) == .can)
  }
}
