/// Decides which executor gets which task when, and what follows from what becomes of it.
///
/// It does nothing itself: executors run tasks, a crew makes executors, clients know what the tasks
/// are, a clock tells the time. Events come as calls; each is followed by `pump`, which starts what
/// can be started. What is to happen at a moment waits for `advance`, which is to be called at
/// `onDeadline`'s.
///
/// An event costs the same with ten executors and ten thousand: executors with nothing to do, with
/// room for a batch ahead, and with tasks that may be taken back stand in lists whose entries are
/// judged when they are looked at.
public final class TaskScheduler {
  /// Who has the scheduler; nothing is started any more once it is gone.
  weak var crew: (any ExecutorCrew)?
  let clock: () -> Int64
  /// Whether executors are made ahead of tasks, and replaced when they end.
  let isEager: Bool
  /// How many executors there may be.
  public internal(set) var limit: Int
  /// How long executors are kept that are made from now on.
  public var life = ExecutorLife()
  /// No task is started.
  public internal(set) var isPaused = false
  /// Executors end when the last job is finished.
  public internal(set) var isClosed = false
  /// Called when the moment of the next `advance` has changed; nil for none.
  public var onDeadline: ((Int64?) -> Void)?

  /// All executors that have not ended, in the order in which they were made.
  public internal(set) var slots: [ExecutorSlot] = []
  /// How many of them count for the limit.
  public internal(set) var living = 0
  /// Those that have nothing to do.
  var idle: [ExecutorSlot] = []
  /// Likewise, but not ready yet.
  var idleStarting: [ExecutorSlot] = []
  /// Those from which all tasks were taken back, and that have not told that they know.
  var emptied: [ExecutorSlot] = []
  /// Those with room for a batch ahead.
  var spare: [ExecutorSlot] = []
  /// Those with tasks that may be taken back, by the logarithm of their number.
  var buckets: [[ExecutorSlot]] = Array(repeating: [], count: 32)
  /// Those that were given a task lately, and it is to be seen whether they begin it.
  var doubtful = FIFO<(slot: ExecutorSlot, since: Int64)>()
  /// Executors that ended before they were ready, or could not be made, one after the other.
  public internal(set) var failedStarts = 0
  /// Executors that had tasks and ended before they reported anything, one after the other.
  public internal(set) var fruitless = 0
  var hireAt = Int64.max
  /// No room for another executor: not before one has ended.
  var isCrewFull = false

  /// Jobs with tasks that may be started, in their order.
  var ready = FIFO<TaskJob>()
  /// Jobs that are not finished.
  public internal(set) var jobs: [TaskJob] = []
  var halting: [TaskJob] = []
  /// Of those that are not finished: jobs whose tasks may wait for others.
  var ordered: [TaskJob] = []
  /// How many batches are at executors.
  public internal(set) var running = 0
  /// No room for another task: not before one has ended.
  var isFull = false
  /// How often there was none though nothing ran, one time after the other.
  private var roomlessTries = 0
  var roomAt = Int64.max

  /// Tells how busy the machine is, for policies that ask.
  public var machine: (() -> MachineState)?
  /// Where permits for tasks beside the first one come from; nil if none are needed.
  public var tokens: (any TokenSource)?
  /// How many it has of these.
  public internal(set) var heldTokens = 0
  /// There was none: not before one comes, or a task has ended.
  var lacksToken = false

  var timers = DeadlineHeap<Timer>()
  var toldDeadline: Int64?
  /// The moment of the next `advance`; nil for none.
  public var deadline: Int64? { toldDeadline }
  private var batchNumber: UInt64 = 0
  private var isPumping = false
  var needsPump = false
  /// How many entries of lists were looked at; the cost that must not grow with executors.
  var looked = 0

  /// - Parameters:
  ///   - limit: how many executors there may be.
  ///   - isEager: make them ahead of tasks, and replace those that end.
  ///   - clock: a monotonic time (ns).
  public init(
    crew: any ExecutorCrew, limit: Int, isEager: Bool, clock: @escaping () -> Int64
  ) {
    self.crew = crew
    self.limit = limit
    self.isEager = isEager
    self.clock = clock
  }

  // MARK: Jobs

  /// Adds a job; its tasks are told by `supply`.
  public func add(_ job: TaskJob) {
    job.place = jobs.count
    jobs.append(job)
    if job.order != nil { ordered.append(job) }
    failedStarts = 0
    fruitless = 0
    if let deadline = job.policy.deadline {
      job.deadlineAt = later(clock(), deadline)
      timers.insert(.deadline(job), at: job.deadlineAt)
    }
  }

  /// Tasks are known up to a number.
  public func supply(_ job: TaskJob, upTo count: Int, isWhole: Bool) {
    if count > job.supplied { job.supplied = count }
    job.isWhole = isWhole
    enqueue(job)
    if isWhole { settle(job) }
  }

  /// The next task of a job whose tasks may wait for others is known, and those with lower numbers
  /// that must succeed before it begins; if one of them does not, it ends as `blocked`.
  public func supply(_ job: TaskJob, after needed: [Int]) {
    job.supply(after: needed.filter { $0 < job.supplied })
    enqueue(job)
    needsPump = true
  }

  /// Lets tasks begin whose turn has come, and ends those that cannot begin any more.
  private func takeTurns() {
    for job in ordered where job.order?.hasTurn == true {
      job.takeTurns()
      enqueue(job)
      settle(job)
    }
    ordered.removeAll(where: \.isFinished)
  }

  /// The next task is known already, and what became of it.
  public func supplyKnown(_ job: TaskJob, _ end: TaskEnd) {
    job.supplied += 1
    if job.takeOut(job.supplied - 1) { job.outstanding -= 1 }
    job.count(job.supplied - 1, end)
  }

  /// A job may have tasks to be started.
  func enqueue(_ job: TaskJob) {
    if job.isQueued || job.isFinished || !job.hasTask { return }
    job.isQueued = true
    ready.append(job)
    needsPump = true
  }

  /// A job may be finished.
  func settle(_ job: TaskJob) {
    guard !job.isFinished, job.place >= 0, !job.isHalting, job.isDone else { return }
    job.isFinished = true
    if let last = jobs.popLast(), last !== job {
      last.place = job.place
      jobs[job.place] = last
    }
    job.place = -1
    let client = job.client
    job.client = nil
    client?.finished(job)
    if isClosed { leaveIfDone() }
  }

  /// The first job of which a task may be started now.
  private func front() -> TaskJob? {
    if isPaused || isFull || lacksToken { return nil }
    while let job = ready.first {
      looked += 1
      if job.hasTask, mayStart(job) { return job }
      job.isQueued = false
      ready.popFirst()
      settle(job)
    }
    return nil
  }

  // MARK: Starting

  /// Starts what can be started: executors with nothing to do come first, then those with room
  /// for a batch ahead; who then still has nothing gets a part of what waits at others.
  public func pump() {
    needsPump = true
    if isPumping { return }
    isPumping = true
    while needsPump {
      needsPump = false
      while let job = halting.popLast() { carryOutHalt(job) }
      if !ordered.isEmpty { takeTurns() }
      fill()
      while let job = front(), let slot = takeIdle() ?? hireForTask() {
        if hasToken(for: job) { give(job, slot) } else { list(slot) }
      }
      while let job = front(), !job.policy.isSingle, let slot = takeSpare() { give(job, slot) }
      if !isPaused, !isFull, ready.isEmpty { stealForIdle() }
    }
    isPumping = false
    settleTokens()
    tellDeadline()
  }

  private func takeIdle() -> ExecutorSlot? {
    while let slot = idle.popLast() {
      looked += 1
      slot.isIdleListed = false
      if slot.isIdle { return slot }
    }
    while let slot = idleStarting.popLast() {
      looked += 1
      guard slot.state == .starting else { continue }
      slot.isIdleListed = false
      if slot.isIdle { return slot }
    }
    while let slot = emptied.popLast() {
      looked += 1
      slot.isEmptiedListed = false
      if slot.isOpen, slot.isEmptied { return slot }
    }
    return nil
  }

  private func takeSpare() -> ExecutorSlot? {
    while let slot = spare.popLast() {
      looked += 1
      slot.isSpareListed = false
      if slot.isOpen, slot.batches.count < slot.credit { return slot }
    }
    return nil
  }

  /// Puts an executor where those stand that have room as it has.
  func list(_ slot: ExecutorSlot) {
    guard slot.isOpen else { return }
    if slot.isFree {
      if slot.isIdleListed { return }
      slot.isIdleListed = true
      if slot.state == .starting { idleStarting.append(slot) } else { idle.append(slot) }
    } else if slot.batches.count < slot.credit, !slot.isSpareListed {
      slot.isSpareListed = true
      spare.append(slot)
    }
  }

  private func give(_ job: TaskJob, _ slot: ExecutorSlot) {
    guard let executor = slot.executor else { return }
    batchNumber += 1
    let chunk = job.policy.isSingle ? 1 : job.chunk(executors: limit)
    let wanted = min(chunk, slot.mostTasks - slot.given)
    let batch = TaskBatch(job, slot, batchNumber, wanted: wanted)
    batch.sentAt = clock()
    let outcome = executor.start(batch)
    if outcome == .started, batch.count > 0 {
      roomlessTries = 0
      if let interval = job.policy.interval {
        job.nextStart = batch.sentAt.addingReportingOverflow(interval).partialValue
      }
      enter(batch)
    } else {
      refuse(batch, outcome)
    }
    list(slot)
  }

  private func enter(_ batch: TaskBatch) {
    let (job, slot) = (batch.job, batch.slot)
    batch.isLive = true
    batch.jobPlace = job.batches.count
    job.batches.append(batch)
    slot.batches.append(batch)
    slot.given += batch.count
    running += 1
    noteUnbegun(slot)
    if let timeout = limit(of: batch, 0) { check(slot, at: later(batch.sentAt, timeout)) }
  }

  /// A batch was not started.
  private func refuse(_ batch: TaskBatch, _ outcome: StartOutcome) {
    let job = batch.job
    var tasks = batch.tasks
    switch outcome {
    case .failed:
      if tasks.isEmpty, let task = job.upcoming {
        job.take()
        tasks = [task]
      }
      if let task = tasks.first {
        tasks.removeFirst()
        _ = job.fail(task, .unstartable, nil)
        job.client?.ended(task, of: job, .failed)
        judge(job)
      }
      job.giveBack(tasks)
    case .noRoom where running > 0 || roomlessTries < TaskScheduler.mostRoomlessTries:
      job.giveBack(tasks)
      isFull = true
      if running == 0 { tryForRoom() }
    case .noRoom, .impossible:
      job.giveBack(tasks)
      abort(job, outcome == .noRoom ? .noRoom : .impossible)
    case .unavailable:
      job.giveBack(tasks)
      leave(batch.slot)
    case .started:
      break  // All that it was offered was refused one by one.
    }
    enqueue(job)
    settle(job)
  }

  /// So often something is tried again that had no room though nothing ran.
  static let mostRoomlessTries = 6

  /// No end of a task will tell that there is room: it is tried again soon, and less and less soon.
  private func tryForRoom() {
    roomAt = later(clock(), 10_000_000 << Int64(roomlessTries))
    roomlessTries += 1
    timers.insert(.room, at: roomAt)
  }

  /// While an executor starts a batch: the upcoming task cannot be sent, and is finished.
  public func refuseUpcoming(of batch: TaskBatch) -> Int? {
    let job = batch.job
    guard let task = batch.upcoming else { return nil }
    job.take()
    _ = job.fail(task, .unstartable, nil)
    judge(job)
    return task
  }

  // MARK: Size

  /// Allows another number of executors, at once.
  public func setLimit(_ limit: Int) {
    self.limit = limit
    failedStarts = 0
    fruitless = 0
    var extra = living - limit
    // Those with nothing to do go first.
    for wanted in 0...2 where extra > 0 {
      for slot in slots.reversed() where extra > 0 && slot.isLiving {
        if min(slot.batches.count, 2) != wanted { continue }
        leave(slot)
        extra -= 1
      }
    }
    needsPump = true
  }

  /// Starts no task until `resume`; what was not begun comes back.
  public func pause() {
    isPaused = true
    for slot in slots { takeBack(from: slot) }
  }

  /// Starts tasks again after `pause`.
  public func resume() {
    isPaused = false
    needsPump = true
  }

  /// An executor gets no tasks until it is released: it is not heard of, or is to be spared.
  public func hold(_ slot: ExecutorSlot) {
    slot.isHeld = true
    takeBack(from: slot)
  }

  /// An executor gets tasks again after `hold`.
  public func release(_ slot: ExecutorSlot) {
    slot.isHeld = false
    list(slot)
    needsPump = true
  }

  /// An executor may have more or fewer batches at a time.
  public func setCredit(_ slot: ExecutorSlot, _ credit: Int) {
    slot.credit = max(1, credit)
    list(slot)
    needsPump = true
  }

  /// Something was let go that tasks may have had no room for.
  public func roomCame() {
    isFull = false
    isCrewFull = false
    lacksToken = false
    needsPump = true
  }

  // MARK: The end

  /// Accepts nothing more: executors end when the last job is finished.
  public func close() {
    isClosed = true
    leaveIfDone()
  }

  func leaveIfDone() {
    guard jobs.isEmpty else { return }
    for slot in slots { leave(slot) }
  }

  /// Ends all executors, whatever they do; jobs are aborted.
  public func terminate() {
    isClosed = true
    limit = 0
    for job in jobs { abort(job, .terminated) }
    for slot in slots { endSlot(slot, .retired) }
  }
}
