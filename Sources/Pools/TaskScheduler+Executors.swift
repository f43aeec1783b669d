/// Executors: what each event means in each state.
///
/// | | starting | working | leaving | ending |
/// |---|---|---|---|---|
/// | ready | is working | – | – | – |
/// | a batch is finished | is working | gets another | told to leave if it has none | of one that survives: is working or leaving again |
/// | unwanted | asked to end | asked to end | asked to end | – |
/// | leave, too old | told if it has none | told if it has none | – | – |
/// | grace is over | – | – | – | killed |
/// | ended | counts as a failed start | replaced; counts as fruitless if it had tasks and reported none | – | replaced |
extension TaskScheduler {
  // MARK: Making

  /// So many may end before they are ready, or before they report anything of what they have, one
  /// after the other.
  public static let mostFailedStarts = 10

  /// Makes as many executors as are missing, where they are made ahead.
  func fill() {
    guard isEager, !isClosed || !jobs.isEmpty else { return }
    while living < limit, hire() != nil {}
  }

  /// Makes one for a task that would wait.
  func hireForTask() -> ExecutorSlot? {
    if isEager || living >= limit { return nil }
    guard let slot = hire() else { return nil }
    // It stands on top of the idle ones.
    if idle.last === slot {
      idle.removeLast()
      slot.isIdleListed = false
    }
    return slot
  }

  private func hire() -> ExecutorSlot? {
    guard let crew, hireAt == .max, !isCrewFull else { return nil }
    if max(failedStarts, fruitless) >= TaskScheduler.mostFailedStarts {
      let isFruitless = fruitless >= TaskScheduler.mostFailedStarts
      if living == 0 { for job in jobs { abort(job, isFruitless ? .noProgress : .noExecutors) } }
      return nil
    }
    switch crew.hire() {
    case .hired(let executor, let credit, let isReady):
      return enter(executor, credit: credit, isReady: isReady)
    case .noRoom where living > 0:
      isCrewFull = true
      return nil
    case .awaited:
      isCrewFull = true
      return nil
    case .noRoom, .failed:
      failedStarts += 1
      hireSlower()
      return hire()
    }
  }

  /// An executor that was made.
  @discardableResult
  public func enter(
    _ executor: any TaskExecutor, credit: Int, isReady: Bool
  ) -> ExecutorSlot {
    let slot = ExecutorSlot(
      executor, credit: credit, isReady ? .working : .starting, mostTasks: life.mostTasks)
    slot.place = slots.count
    slots.append(slot)
    living += 1
    executor.slot = slot
    if let age = life.mostAge {
      slot.ageAt = later(clock(), age)
      timers.insert(.age(slot), at: slot.ageAt)
    }
    list(slot)
    return slot
  }

  /// Something is wrong: further ones are tried slower and slower.
  private func hireSlower() {
    let count = max(failedStarts, fruitless)
    guard count > 3, count < TaskScheduler.mostFailedStarts else { return }
    hireAt = later(clock(), 10_000_000 << Int64(count - 4))
    timers.insert(.hire, at: hireAt)
  }

  func set(_ slot: ExecutorSlot, _ state: ExecutorSlot.State) {
    if slot.isLiving { living -= 1 }
    slot.state = state
    if slot.isLiving { living += 1 }
  }

  // MARK: Events

  /// An executor was heard of.
  public func ready(_ slot: ExecutorSlot) {
    guard slot.state == .starting else { return }
    set(slot, .working)
    failedStarts = 0
    slot.isIdleListed = false
    noteEmptied(slot)
    needsPump = true
  }

  /// It finishes what it has begun, and ends.
  public func leave(_ slot: ExecutorSlot) {
    // One that survives the end of its task leaves then.
    if slot.isEnding {
      if slot.isLiving { living -= 1 }
      slot.isLeaving = true
      return
    }
    guard slot.isLiving else { return }
    takeBack(from: slot)
    set(slot, .leaving)
    if slot.batches.isEmpty { slot.executor?.leave() }
    needsPump = true
  }

  /// Asks what an executor has in hand to end; what it has not begun goes elsewhere.
  public func endSlot(_ slot: ExecutorSlot, _ reason: ExecutorSlot.Reason) {
    switch slot.state {
    case .ending where reason == .retired: return leave(slot)
    case .ending, .ended: return
    case .starting, .working, .leaving: break
    }
    if slot.survives, slot.batches.isEmpty { return leave(slot) }
    takeBack(from: slot)
    let isLeaving = slot.state == .leaving || reason == .retired
    if slot.isLiving { living -= 1 }
    slot.isLeaving = isLeaving
    slot.state = .ending(reason)
    if slot.isLiving { living += 1 }
    let grace = slot.batches.first?.job.policy.grace ?? TaskPolicy().grace
    slot.killAt = later(clock(), grace)
    timers.insert(.kill(slot), at: slot.killAt)
    slot.executor?.end(.terminate)
    needsPump = true
  }

  /// Kills what was asked to end, without waiting for it any longer.
  public func killEnding() {
    for slot in slots where slot.isEnding {
      slot.killAt = .max
      slot.executor?.end(.kill)
    }
  }

  /// An executor has done a batch: tasks that it did not report were not begun.
  public func finished(_ batch: TaskBatch) {
    guard batch.isLive else { return }
    let slot = batch.slot
    let now = clock()
    let count = batch.reported
    let wasInHand = slot.batches.first === batch
    if batch.rest > 0 { returned(batch, batch.rest) }
    batch.job.note(count, in: now - max(later(batch.sentAt, slot.way), slot.reportedAt))
    slot.reportedAt = now
    remove(batch)
    // What lay behind the one that is to end, and came back, changes nothing.
    if slot.survives, slot.isEnding, wasInHand {
      slot.killAt = .max
      set(slot, slot.isLeaving ? .leaving : .working)
    }
    roomCame()
    // The machine may have room now for one that waits for it.
    if batch.job.hold != nil { enqueue(batch.job) }
    settle(batch.job)
    list(slot)
    if slot.state == .leaving {
      if slot.batches.isEmpty { slot.executor?.leave() }
    } else if slot.isOld || slot.given >= slot.mostTasks && slot.batches.isEmpty {
      leave(slot)
    }
    if !slot.batches.isEmpty { checkTime(of: slot, now) }
  }

  /// An executor has ended: what it had in hand was reported, all else goes elsewhere.
  ///
  /// - Parameter isLost: it went with its host or link, which says nothing of tasks.
  public func ended(_ slot: ExecutorSlot, isLost: Bool = false) {
    guard slot.state != .ended else { return }
    let (old, isFruitless) = (slot.state, !slot.hasReported && !slot.batches.isEmpty)
    set(slot, .ended)
    slot.killAt = .max
    slot.checkAt = .max
    slot.ageAt = .max
    if let last = slots.popLast(), last !== slot {
      last.place = slot.place
      slots[slot.place] = last
    }
    let batches = slot.batches
    for batch in batches {
      if batch.rest > 0 { returned(batch, batch.rest) }
      remove(batch)
    }
    slot.executor?.slot = nil
    slot.executor = nil
    roomCame()
    switch old {
    case _ where isLost: break
    case .starting:
      failedStarts += 1
      hireSlower()
    case .working where isFruitless:
      fruitless += 1
      hireSlower()
    case .working, .leaving, .ending, .ended: break
    }
    for batch in batches { settle(batch.job) }
  }

  private func remove(_ batch: TaskBatch) {
    batch.isLive = false
    let (job, slot) = (batch.job, batch.slot)
    if let index = slot.batches.firstIndex(where: { $0 === batch }) {
      slot.batches.remove(at: index)
    }
    if let last = job.batches.popLast(), last !== batch {
      last.jobPlace = batch.jobPlace
      job.batches[batch.jobPlace] = last
    }
    running -= 1
  }

  // MARK: Taking back

  /// Tasks of a batch were not begun and come back, from its end.
  public func returned(_ batch: TaskBatch, _ count: Int) {
    guard batch.isLive else { return }
    let wasReturning = batch.isReturning
    batch.isReturning = false
    defer {
      if wasReturning {
        noteUnbegun(batch.slot)
        endUnwanted(of: batch)
      }
    }
    let count = min(count, batch.rest)
    if count <= 0 { return }
    let first = batch.count - count
    let tasks = (first..<batch.count).map { batch[$0] }
    batch.shorten(to: first)
    batch.slot.given -= count
    batch.job.giveBack(tasks)
    if batch.rest == 0 { noteEmptied(batch.slot) }
    if !batch.job.late.isEmpty { giveUpLate(of: batch.job, among: tasks, at: batch.slot) }
    enqueue(batch.job)
    if batch.job.isHalted { settle(batch.job) }
  }

  /// Tasks that were cancelled while they might still have come back have been begun.
  private func endUnwanted(of batch: TaskBatch) {
    let job = batch.job
    if !batch.isLive { return }
    if let reason = job.endReason, batch.rest > 0 { return endSlot(batch.slot, reason) }
    if job.unwanted.isEmpty { return }
    let tasks = (batch.reported..<batch.count).map { batch[$0] }
    for task in tasks where job.unwanted.remove(task) != nil { _ = cancel(task, of: job) }
  }

  /// All tasks of a batch have come back, or one that was taken from before is heard of.
  private func noteEmptied(_ slot: ExecutorSlot) {
    list(slot)
    guard slot.isOpen, slot.isEmptied, !slot.isIdleListed, !slot.isEmptiedListed else { return }
    slot.isEmptiedListed = true
    emptied.append(slot)
  }

  /// Takes back what was not begun of a batch, the last ones first; yields how many came at once.
  @discardableResult
  func takeBack(_ batch: TaskBatch, most: Int = .max) -> Int {
    guard batch.isLive, batch.rest > 0, !batch.isReturning, let executor = batch.slot.executor
    else { return 0 }
    guard let taken = executor.takeBack(batch, most: min(most, batch.rest)) else {
      batch.isReturning = true
      return 0
    }
    returned(batch, taken)
    return taken
  }

  func takeBack(from slot: ExecutorSlot) {
    for batch in slot.batches.reversed() { takeBack(batch) }
  }

  // MARK: Stealing

  /// Notes that an executor may have tasks that it has not begun.
  func noteUnbegun(_ slot: ExecutorSlot) {
    guard let executor = slot.executor, executor.holdsTasks else { return }
    let most = slot.batches.reduce(0) { $0 + $1.rest }
    let bucket = TaskScheduler.bucket(of: most)
    if most == 0 || bucket <= slot.bucket { return }
    slot.bucket = bucket
    buckets[bucket].append(slot)
  }

  private static func bucket(of count: Int) -> Int {
    min(31, Int.bitWidth - 1 - max(1, count).leadingZeroBitCount)
  }

  /// How many tasks may be taken from an executor for another one.
  ///
  /// - Parameter looksAgain: it is looked at later, if it may be about to begin the only one.
  func stealable(_ slot: ExecutorSlot, looksAgain: Bool = false) -> Int {
    guard let executor = slot.executor else { return 0 }
    var count = 0
    var hasInHand = false
    for batch in slot.batches where !batch.isReturning {
      let unbegun = executor.unbegun(batch)
      count += unbegun
      if batch.rest > unbegun { hasInHand = true }
    }
    // The one that it is about to begin stays there, unless it does not come to that.
    guard count > 0, !hasInHand, slot.state == .working, let batch = slot.batches.first
    else { return count }
    let since = max(batch.sentAt, slot.reportedAt)
    if clock() - since >= TaskScheduler.beginTime { return count }
    if looksAgain, count == 1 { doubtful.append((slot, since)) }
    return count - 1
  }

  /// An executor that is well begins on what it was given within so long (ns).
  static let beginTime: Int64 = 10_000_000

  /// Gives executors with nothing to do a part of what waits at others.
  func stealForIdle() {
    while let last = idle.last {
      looked += 1
      guard last.isIdle else {
        last.isIdleListed = false
        idle.removeLast()
        continue
      }
      guard let (slot, count) = richest() else { return }
      var rest = (count + 1) / 2
      for batch in slot.batches.reversed() where rest > 0 { rest -= takeBack(batch, most: rest) }
      noteUnbegun(slot)
      if ready.isEmpty { continue }
      needsPump = true
      return
    }
  }

  /// The executor with the most tasks that may be taken, as far as the lists know.
  private func richest() -> (slot: ExecutorSlot, count: Int)? {
    while let (slot, since) = doubtful.first, clock() - since >= TaskScheduler.beginTime {
      looked += 1
      doubtful.popFirst()
      noteUnbegun(slot)
    }
    for index in buckets.indices.reversed() {
      while let slot = buckets[index].popLast() {
        looked += 1
        if slot.bucket != index { continue }
        slot.bucket = -1
        let count = stealable(slot, looksAgain: true)
        if count == 0 { continue }
        let bucket = TaskScheduler.bucket(of: count)
        if bucket == index { return (slot, count) }
        slot.bucket = bucket
        buckets[bucket].append(slot)
      }
    }
    return nil
  }
}
