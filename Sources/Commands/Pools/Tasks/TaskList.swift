import Language

/// Programs with an order: each stands behind those that it needs.
struct TaskList {
  struct ListedTask {
    let name: String
    /// The program and its arguments.
    let words: [String]
    /// As it was written, for people.
    let text: String
    /// The places of those that it needs.
    var needed: [Int]
    var terms = TaskListTerms()
    /// Where it runs; nil for here.
    var directory: String?
    var environment: [(name: String, value: String)] = []
    /// What makes it another task for a journal, beside all that.
    var key = Value.null
  }

  private(set) var tasks: [ListedTask]

  /// Puts tasks into an order in which they may run, the first of the file first.
  ///
  /// - Parameter cycle: makes the error for places each of which needs the next one, and the last
  ///   one the first.
  init(_ given: [ListedTask], cycle: ([Int]) -> any Error) throws {
    var order: [Int] = []
    var places: [Int: Int] = [:]
    var rest = Set(given.indices)
    // Whatever becomes free stands behind what has just been placed, so that the first of the file
    // is looked for again.
    var open = given.map { Set($0.needed).count }
    var followers: [Int: [Int]] = [:]
    for index in given.indices {
      for other in Set(given[index].needed) { followers[other, default: []].append(index) }
    }
    var ready = given.indices.filter { open[$0] == 0 }
    while !ready.isEmpty {
      let index = ready.removeFirst()
      rest.remove(index)
      places[index] = order.count
      order.append(index)
      for follower in followers[index] ?? [] {
        open[follower] -= 1
        guard open[follower] == 0 else { continue }
        let place = ready.firstIndex { $0 > follower } ?? ready.count
        ready.insert(follower, at: place)
      }
    }
    if let first = rest.min() { throw cycle(TaskList.cycle(from: first, in: rest, given)) }
    tasks = order.map { index in
      var task = given[index]
      task.needed = Set(task.needed).compactMap { places[$0] }.sorted()
      return task
    }
  }

  private init(_ tasks: [ListedTask]) { self.tasks = tasks }

  /// A ring among tasks each of which needs one of them.
  private static func cycle(from first: Int, in rest: Set<Int>, _ given: [ListedTask]) -> [Int] {
    var path: [Int] = []
    var next = first
    while !path.contains(next) {
      path.append(next)
      guard let needed = given[next].needed.first(where: rest.contains) else { return path }
      next = needed
    }
    return Array(path.drop { $0 != next })
  }

  /// Those of some names, and all that they need.
  ///
  /// - Throws: `missing` for a name that no task has.
  func only(_ names: [String]) throws -> TaskList {
    var wanted: Set<Int> = []
    for name in names {
      guard let place = tasks.firstIndex(where: { $0.name == name }) else {
        let near = nearest(name, among: tasks.map(\.name))
        throw ErrorObject(
          .missing, "no task is named '\(name)'",
          help: near.map { "did you mean '\($0)'?" }
            ?? "there are: " + namesText(tasks.map(\.name)))
      }
      wanted.insert(place)
    }
    // What a task needs stands before it.
    for place in tasks.indices.reversed() where wanted.contains(place) {
      wanted.formUnion(tasks[place].needed)
    }
    let kept = wanted.sorted()
    let places = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    return TaskList(
      kept.map { place in
        var task = tasks[place]
        task.needed = task.needed.compactMap { places[$0] }
        return task
      })
  }

  /// The order, a line for each task.
  var text: String {
    tasks.map { task in
      let needed = task.needed.map { tasks[$0].name }.joined(separator: ", ")
      let head = TerminalText.line("\(task.name): \(task.text)")
      return head + (needed.isEmpty ? "" : TerminalText.line("  # after \(needed)")) + "\n"
    }.joined()
  }
}

/// How a task is treated, where it says so itself (times in ns).
struct TaskListTerms {
  var timeout: Int64?
  var retries: Int?
  var backoff: Int64?
}
