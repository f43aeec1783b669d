import Testing
import Waits

/// Graphs are written by hand: a name for each process, pids from 1.
@Suite struct ReductionTests {
  static let a = ObjectID(.lock, 100), b = ObjectID(.lock, 101)
  static let jobs = ObjectID(.queue, 102)

  static func lock(_ id: ObjectID, heldBy pid: Int32) -> WaitObject {
    WaitObject(id, [.init(pid, .holds)], isTrue: [.hold: false])
  }

  static func asleep(
    _ pid: Int32, _ verb: String, _ targets: [WaitTarget],
    mode: WaitProcess.Sleep.Mode = .any, hasMore: Bool = false, deadline: Int64? = nil,
    flags: WaitProcess.Flags = []
  ) -> WaitProcess {
    WaitProcess(
      pid: pid, .asleep,
      .init(verb, targets, mode: mode, hasMore: hasMore, deadline: deadline), flags: flags)
  }

  static func ends(_ pids: Int32...) -> [WaitTarget] {
    pids.map { WaitTarget(.process($0), .end) }
  }

  /// Two locks crossed, and a parent (1) that waits for both.
  static func crossed(
    _ flags: WaitProcess.Flags = [], deadline: Int64? = nil
  ) -> WaitGraph {
    WaitGraph(
      [
        asleep(1, "wait", ends(2, 3), mode: .all, flags: .session),
        asleep(2, "lock acquire", [.init(b, .hold)], deadline: deadline, flags: flags),
        asleep(3, "lock acquire", [.init(a, .hold)]),
      ], objects: [lock(a, heldBy: 2), lock(b, heldBy: 3)])
  }

  @Test func crossedLocksAreStuck() throws {
    let sets = Self.crossed().stuckSets()
    let set = try #require(sets.first)
    #expect(sets.count == 1)
    #expect(set.core == [2, 3])
    #expect(set.cycle == [2, 3] || set.cycle == [3, 2])
    #expect(set.followers == [1])
    #expect(set.verdict == .stuck)
    #expect(set.edges.contains(.init(2, .init(Self.b, .hold), 3)))
  }

  @Test func aDeadlineOrAnAlarmIsAWayOut() {
    #expect(Self.crossed(deadline: 5).stuckSets().isEmpty)
    #expect(Self.crossed(.alarm).stuckSets().isEmpty)
    #expect(Self.crossed(.alarm).verdicts()[3] == .waiting)
  }

  /// What a stopped process does next need not be known to say that it has to be continued first.
  @Test func aStepThatIsNeededIsNamed() {
    var holder = WaitProcess(pid: 2, .stopped)
    holder.sleep = .init("kill", [], hasMore: true)
    let waiter = Self.asleep(1, "wait", Self.ends(2))
    let graph = WaitGraph([waiter, holder])
    #expect(graph.verdicts()[2] == .stuckUntilContinued)
    #expect(graph.verdicts()[1] == .stuckUntilContinued)
    holder.state = .asleep
    #expect(WaitGraph([waiter, holder]).verdicts()[1] == .unknown)
  }

  @Test func gradesNameWhatWouldHelp() {
    #expect(Self.crossed(.handler).stuckSets().first?.verdict == .stuckUnlessSignal)
    #expect(Self.crossed(.prompt).stuckSets().first?.verdict == .stuckUnlessYouAct)
    #expect(Self.crossed(.program).stuckSets().first?.verdict == .probablyStuck)
    // What else a program could do cannot be looked at.
    #expect(Self.crossed([.program, .otherWays]).stuckSets().isEmpty)
    #expect(Self.crossed([.program, .otherWays]).verdicts()[2] == .unknown)
  }

  @Test func aStoppedHolderHasToBeContinued() throws {
    var graph = WaitGraph(
      [Self.asleep(1, "lock acquire", [.init(Self.a, .hold)])],
      objects: [Self.lock(Self.a, heldBy: 2)])
    graph.add(WaitProcess(pid: 2, .stopped))
    let set = try #require(graph.stuckSets().first)
    #expect(set.verdict == .stuckUntilContinued)
    #expect(graph.fixes(for: set).first == [.proceed(2)])
  }

  @Test func aRunningHolderMeansWaiting() {
    var graph = Self.crossed()
    graph.change(3) { $0.state = .running }
    #expect(graph.stuckSets().isEmpty)
    #expect(graph.verdicts() == [1: .waiting, 2: .waiting, 3: .busy])
  }

  @Test func whatIsTrueAlreadyIsReady() {
    var graph = Self.crossed()
    graph.change(Self.a) { $0.isTrue[.hold] = true }
    #expect(graph.stuckSets().isEmpty)
    #expect(graph.verdicts()[3] == .ready)
  }

  @Test func whatCannotBeReadIsNeverStuck() {
    var holder = Self.crossed()
    holder.change(3) { $0.state = .unknown("no right to read it") }
    #expect(holder.stuckSets().isEmpty)
    #expect(holder.verdicts()[2] == .unknown)

    var reach = Self.crossed()
    reach.change(Self.a) { $0.reach = .unknown("descriptors of 4711") }
    #expect(reach.stuckSets().isEmpty)

    var condition = Self.crossed()
    condition.change(Self.a) { $0.isTrue = [:] }
    #expect(condition.stuckSets().isEmpty)

    // An object or a process that the graph does not have.
    let missing = WaitGraph([Self.asleep(1, "queue get", [.init(Self.jobs, .value)])])
    #expect(missing.verdicts()[1] == .unknown)
    let child = WaitGraph([Self.asleep(1, "wait", Self.ends(2))])
    #expect(child.verdicts()[1] == .unknown)
    let unlisted = WaitGraph([WaitProcess(pid: 1, .asleep)])
    #expect(unlisted.verdicts()[1] == .unknown)
  }

  @Test func outsidersAreAWayOut() {
    let door = ObjectID(.listener, 9)
    var graph = WaitGraph([Self.asleep(1, "socket accept", [.init(door, .value)])])
    graph.add(WaitObject(door, reach: .outsiders("tcp:80"), isTrue: [.value: false]))
    #expect(graph.verdicts()[1] == .waiting)
    #expect(graph.stuckSets().isEmpty)
  }

  @Test func oneOfSeveralPutsSuffices() {
    let queue = WaitObject(
      Self.jobs, [.init(1, .canGet), .init(2, .canPut), .init(3, .canPut)],
      isTrue: [.value: false])
    func graph(_ third: WaitProcess) -> WaitGraph {
      WaitGraph(
        [
          Self.asleep(1, "queue get", [.init(Self.jobs, .value)]),
          Self.asleep(2, "wait", Self.ends(1)), third,
        ], objects: [queue])
    }
    #expect(graph(WaitProcess(pid: 3, .running)).stuckSets().isEmpty)
    let sets = graph(WaitProcess(pid: 3, .ended)).stuckSets()
    #expect(sets.first?.core == [1, 2])
  }

  @Test func allTargetsOrOneOfThem() {
    let targets = Self.ends(2) + [WaitTarget(Self.jobs, .value)]
    let free = WaitObject(Self.jobs, [.init(3, .canPut)], isTrue: [.value: false])
    func verdict(_ mode: WaitProcess.Sleep.Mode, hasMore: Bool = false) -> Verdict? {
      WaitGraph(
        [
          Self.asleep(1, "select", targets, mode: mode, hasMore: hasMore),
          Self.asleep(2, "wait", Self.ends(1)), WaitProcess(pid: 3, .ended),
        ], objects: [free]
      ).verdicts()[1]
    }
    #expect(verdict(.any) == .stuck)
    #expect(verdict(.any, hasMore: true) == .unknown)
    #expect(verdict(.all, hasMore: true) == .stuck)
  }

  @Test func aBarrierNeedsAllWhoAreMissing() {
    let meeting = ObjectID(.barrier, 7)
    func graph(missing: Int) -> WaitGraph {
      WaitGraph(
        [
          Self.asleep(1, "barrier wait", [.init(meeting, .arrival)]),
          WaitProcess(pid: 2, .running), WaitProcess(pid: 3, .ended),
        ],
        objects: [
          WaitObject(
            meeting, [.init(1, .canAct), .init(2, .canAct), .init(3, .canAct)],
            isTrue: [.arrival: false], missing: missing)
        ])
    }
    #expect(graph(missing: 1).verdicts()[1] == .waiting)
    #expect(graph(missing: 2).verdicts()[1] == .stuck)
  }

  @Test func sharedLocksHaveToBeLetGoByAll() {
    let file = ObjectID(.file, 5)
    let graph = WaitGraph(
      [
        Self.asleep(1, "flock", [.init(file, .hold)]), WaitProcess(pid: 2, .running),
        Self.asleep(3, "wait", Self.ends(1)),
      ],
      objects: [WaitObject(file, [.init(2, .holds), .init(3, .holds)], isTrue: [.hold: false])])
    #expect(graph.stuckSets().first?.core == [1, 3])
  }

  @Test func whoWaitsForItselfIsARingOfOne() {
    let pipe = ObjectID(.rawPipe, 3)
    let graph = WaitGraph(
      [Self.asleep(1, "pipe read", [.init(pipe, .value)])],
      objects: [WaitObject(pipe, [.init(1, [.reads, .writes])], isTrue: [.value: false])])
    #expect(graph.stuckSets().first?.cycle == [1])
  }

  @Test func whereNoProcessIsLeftThereIsNoRing() {
    let go = ObjectID(.event, 3)
    let graph = WaitGraph(
      [Self.asleep(1, "event wait", [.init(go, .set)])],
      objects: [WaitObject(go, [.init(1, .canAct)], isTrue: [.set: false])])
    let set = graph.stuckSets().first
    #expect(set?.core == [1])
    #expect(set?.verdict == .stuck)
  }

  @Test func separateDeadlocksAreSeparateSets() {
    var graph = Self.crossed()
    let c = ObjectID(.lock, 200), d = ObjectID(.lock, 201)
    graph.add(Self.asleep(4, "lock acquire", [.init(d, .hold)]))
    graph.add(Self.asleep(5, "lock acquire", [.init(c, .hold)]))
    graph.add(Self.lock(c, heldBy: 4))
    graph.add(Self.lock(d, heldBy: 5))
    #expect(graph.stuckSets().map(\.core) == [[2, 3], [4, 5]])
  }

  @Test func aChainOfThousandsIsNoTrouble() {
    var graph = WaitGraph([Self.asleep(1, "wait", Self.ends(5000))])
    for pid in Int32(2)...5000 { graph.add(Self.asleep(pid, "wait", Self.ends(pid - 1))) }
    let set = graph.stuckSets().first
    #expect(set?.core.count == 5000)
    graph.change(77) { $0.state = .running }
    #expect(graph.stuckSets().isEmpty)
  }
}
