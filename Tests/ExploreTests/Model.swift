import Explore

/// A program of a few processes as a value, so that all of its schedules can be tried without any process.
struct Model: Hashable {
  enum Step: Hashable {
    case get(Int), set(Int), increment(Int), add(Int)
    case acquire(Int), release(Int)
    case permit, giveBack
    case put, take
    case await, notify
    case say
    case wait(Int)
    case signal(Int)
  }

  struct Worker: Hashable {
    var steps: [Step]
    var place = 0
    var value: Int
    /// It holds these locks.
    var held: Set<Int> = []
    var permits = 0
    var isDead = false
    /// Of a wait for a notification: it has begun, and was notified.
    var isAsleep = false
    var isNotified = false
    /// An increment has read its cell.
    var read: Int?
    /// A signal has come that its handler answers.
    var isSignalled = false

    mutating func handle() {
      value = value * 7 + 1
      isSignalled = false
    }
  }

  var workers: [Worker]
  var cells = [0, 0]
  var locks: [Int?] = [nil, nil]
  var permits = 1
  var queue: [Int] = []
  var output: [Int] = []
  var sleepers: [Int] = []
  var kills = 0

  static let room = 2

  init(_ scripts: [[Step]]) {
    workers = scripts.enumerated().map { Worker(steps: $1, value: $0 + 1) }
  }

  static func path(_ worker: Int) -> ProcessPath { ProcessPath(worker == 0 ? [] : [worker]) }

  func next(_ worker: Int) -> Step? {
    let worker = workers[worker]
    return worker.isDead || worker.place >= worker.steps.count ? nil : worker.steps[worker.place]
  }

  func isOver(_ worker: Int) -> Bool { next(worker) == nil }

  func canGo(_ worker: Int) -> Bool {
    guard let step = next(worker) else { return false }
    return switch step {
    case .acquire(let lock): locks[lock] == nil
    case .permit: permits > 0
    case .put: queue.count < Model.room
    case .take: !queue.isEmpty
    case .await: !workers[worker].isAsleep || workers[worker].isNotified
    case .wait(let other): isOver(other)
    default: true
    }
  }

  func operation(_ worker: Int) -> Operation? {
    guard let step = next(worker) else { return nil }
    var operation = operation(worker, step)
    operation.accesses.append(Access("life \(worker)", .read))
    return operation
  }

  private func operation(_ worker: Int, _ step: Step) -> Operation {
    switch step {
    case .get(let cell): return Operation("get", [Access("c\(cell)", .read)])
    case .set(let cell): return Operation("set", [Access("c\(cell)", .write)])
    case .add(let cell): return Operation("add", [Access("c\(cell)", .add)])
    case .increment(let cell):
      let isRead = workers[worker].read == nil
      return Operation(isRead ? "read" : "write", [Access("c\(cell)", isRead ? .read : .write)])
    case .acquire(let lock):
      return Operation("acquire", [Access("l\(lock)", .write, .takes)])
    case .release(let lock):
      return Operation("release", [Access("l\(lock)", .write, .gives)])
    case .permit, .giveBack: return Operation("sem", [Access("s", .write)])
    case .put, .take: return Operation("queue", [Access("q", .write)])
    case .await, .notify: return Operation("cond", [Access("n", .write)])
    case .say: return Operation("say", [Access("o", .write)])
    case .wait(let other): return Operation("wait", [Access("p\(other)", .read, .takes)])
    case .signal(let other): return Operation("kill", [Access("life \(other)", .write)])
    }
  }

  /// Does a step, and yields what it has done.
  mutating func go(_ worker: Int) -> Operation {
    guard var effects = operation(worker), let step = next(worker) else { return Operation("") }
    var own = workers[worker]
    var isDone = true
    switch step {
    case .get(let cell): own.value = own.value * 3 + cells[cell]
    case .set(let cell): cells[cell] = own.value
    case .add(let cell): cells[cell] += worker + 1
    case .increment(let cell):
      if let read = own.read {
        cells[cell] = read + 1
        own.read = nil
      } else {
        own.read = cells[cell]
        isDone = false
      }
    case .acquire(let lock):
      locks[lock] = worker
      own.held.insert(lock)
    case .release(let lock):
      if own.held.remove(lock) != nil { locks[lock] = nil }
    case .permit:
      permits -= 1
      own.permits += 1
    case .giveBack:
      permits += own.permits > 0 ? 1 : 0
      own.permits = max(0, own.permits - 1)
    case .put: queue.append(own.value)
    case .take: own.value = own.value * 5 + queue.removeFirst()
    case .await:
      if own.isAsleep {
        own.isAsleep = false
        own.isNotified = false
      } else {
        own.isAsleep = true
        sleepers.append(worker)
        isDone = false
      }
    case .notify:
      if !sleepers.isEmpty { workers[sleepers.removeFirst()].isNotified = true }
    case .say: output.append(own.value)
    case .wait: break
    case .signal(let other):
      if !isOver(other), other != worker { workers[other].isSignalled = true }
    }
    if isDone { own.place += 1 }
    // What has come is handled behind the operation.
    if own.isSignalled { own.handle() }
    workers[worker] = own
    if isOver(worker) { effects.accesses.append(Access("p\(worker)", .write, .gives)) }
    return effects
  }

  /// Kills a worker; what it held is free again.
  mutating func kill(_ worker: Int) -> Operation {
    kills += 1
    workers[worker].isDead = true
    var effects = Operation(
      "kill", [Access("p\(worker)", .write, .gives), Access("life \(worker)", .write)])
    for lock in workers[worker].held.sorted() {
      locks[lock] = nil
      effects.accesses.append(Access("l\(lock)", .write, .gives))
    }
    workers[worker].held = []
    if workers[worker].permits > 0 {
      permits += workers[worker].permits
      workers[worker].permits = 0
      effects.accesses.append(Access("s", .write))
    }
    if workers[worker].isAsleep {
      sleepers.removeAll { $0 == worker }
      effects.accesses.append(Access("n", .write))
    }
    return effects
  }

  func moment(kills most: Int) -> Moment {
    var choices: [Explore.Step] = []
    var pending: [ProcessPath: Operation] = [:]
    for worker in workers.indices {
      guard let operation = operation(worker) else { continue }
      pending[Model.path(worker)] = operation
      if canGo(worker) { choices.append(Explore.Step(Model.path(worker))) }
      if workers[worker].isSignalled { choices.append(Explore.Step(Model.path(worker), .signal)) }
      if kills < most, worker > 0 { choices.append(Explore.Step(Model.path(worker), .kill)) }
    }
    return Moment(choices, pending)
  }

  mutating func take(_ choice: Explore.Step) -> Operation {
    let worker = choice.process.places.first ?? 0
    switch choice.act {
    case .kill: return kill(worker)
    case .signal: return handle(worker)
    default: return go(worker)
    }
  }

  /// Handles a signal before the next operation, which others may then make possible first.
  private mutating func handle(_ worker: Int) -> Operation {
    workers[worker].handle()
    var effects = operation(worker) ?? Operation("")
    for place in effects.accesses.indices { effects.accesses[place].exclusion = .none }
    effects.accesses.append(Access("life \(worker)", .write))
    return effects
  }

  /// All that one could tell afterwards.
  var outcome: String {
    let states = workers.indices.map { worker in
      workers[worker].isDead
        ? "dead" : isOver(worker) ? "\(workers[worker].value)" : "at \(workers[worker].place)"
    }
    return "\(cells) \(queue) \(output) \(states)"
  }

  // MARK: All schedules, by copying

  /// The outcomes of all schedules, without any of what is tested.
  static func bruteForce(_ start: Model, kills: Int, limit: Int = 400_000) -> Set<String>? {
    var seen: Set<Model> = [start]
    var rest = [start]
    var outcomes: Set<String> = []
    while let state = rest.popLast() {
      let choices = state.moment(kills: kills).choices
      if !choices.contains(where: { $0.act != .kill }) { outcomes.insert(state.outcome) }
      for choice in choices {
        var next = state
        _ = next.take(choice)
        if seen.insert(next).inserted { rest.append(next) }
        if seen.count > limit { return nil }
      }
    }
    return outcomes
  }

  /// What a search finds, and how many runs it took; nil where these are too many.
  static func search(
    _ start: Model, _ limits: SearchLimits, most: Int = 50_000
  ) throws -> (outcomes: [String: Schedule], runs: Int)? {
    let search = Search(limits)
    var outcomes: [String: Schedule] = [:]
    var goesOn = true
    while goesOn {
      var model = start
      var isCut = false
      search.begin()
      while true {
        let moment = model.moment(kills: limits.kills)
        let isRepeated = search.isRepeating
        if !isRepeated, !moment.choices.contains(where: { $0.act != .kill }) { break }
        guard let choice = try search.choose(moment) else {
          isCut = true
          break
        }
        search.took(model.take(choice))
      }
      if !isCut { outcomes[model.outcome] = outcomes[model.outcome] ?? search.schedule }
      goesOn = search.end(model.moment(kills: limits.kills))
      if search.runs > most { return nil }
    }
    return (outcomes, search.runs)
  }
}
