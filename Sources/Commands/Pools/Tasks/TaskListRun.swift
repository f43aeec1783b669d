import Language
import Pools
import Posix
import Processes
import Session
import ShellHost

/// Runs a list of tasks on the scheduler of programs.
struct TaskListRun {
  let list: TaskList
  private let host: BroodHost
  private let names: [String]

  init(_ list: TaskList, _ host: BroodHost) {
    self.list = list
    self.host = host
    names = list.tasks.map(\.name)
  }

  // MARK: The run

  /// A run of all tasks, with what the flags of a call say.
  func make(_ call: borrowing Call, _ options: ProgramRun.Options) throws -> ProgramRun {
    var place = 0
    let names = names
    let block = CStringBlock(host.environmentEntries)
    let run = ProgramRun(
      call.session, call.interpreter, try PoolFlags.policy(call), options,
      next: {
        guard place < names.count else { return nil }
        place += 1
        return TaskInput(names[place - 1])
      }
    ) { [list, host] _, index, _ in
      if options.placement != nil { return TaskListRun.farRequest(list.tasks[index]) }
      return try TaskListRun.request(list.tasks[index], host, block)
    }
    run.isOneProgram = false
    run.plan = ProgramPlan(
      list.tasks.map { task in
        ProgramPlan.PlannedTask(
          name: task.name, needed: task.needed,
          terms: TaskTerms(
            timeout: task.terms.timeout, retries: task.terms.retries,
            backoff: task.terms.backoff))
      })
    return run
  }

  /// What another machine is asked for, which has an environment and programs of its own.
  private static func farRequest(_ task: TaskList.ListedTask) -> SpawnRequest {
    var request = SpawnRequest(
      path: "", arguments: task.words,
      environment: task.environment.map { "\($0.name)=\($0.value)" })
    request.directory = task.directory
    return request
  }

  private static func request(
    _ task: TaskList.ListedTask, _ host: BroodHost, _ block: CStringBlock
  ) throws -> SpawnRequest {
    var request = SpawnRequest(path: "", arguments: task.words, environment: [])
    do throws(SystemError) {
      let name = task.words[0]
      if let directory = task.directory {
        let full = directory.hasPrefix("/") ? directory : "\(try Directory.current())/\(directory)"
        guard try FileStatus(full).kind == .directory else {
          throw SystemError(call: "chdir", code: 20, detail: directory)
        }
        request.directory = full
        let isBelow = name.contains("/") && !name.hasPrefix("/")
        request.path = try host.findProgram(isBelow ? "\(full)/\(name)" : name)
      } else {
        request.path = try host.findProgram(name)
      }
      if request.directory != nil, !request.path.hasPrefix("/") {
        request.path = "\(try Directory.current())/\(request.path)"
      }
    } catch {
      if error.call == "chdir" || error.detail == task.directory {
        throw error.asError("cannot run in '\(task.directory ?? ".")'")
      }
      throw error.asProgramError(
        task.words[0], arguments: task.words, environment: [], at: nil)
    }
    if task.environment.isEmpty {
      request.environmentBlock = block
    } else {
      let own = Dictionary(task.environment.map { ($0.name, $0.value) }) { $1 }
      request.environment =
        host.environmentEntries.filter { entry in
          own[String(entry.prefix { $0 != "=" })] == nil
        } + own.map { "\($0.key)=\($0.value)" }.sorted()
    }
    return request
  }

  // MARK: The journal

  /// What the journal knows tasks by: name, words, directory, environment and key.
  ///
  /// - Parameter environment: the variables of `--key-env`.
  func content(
    _ file: Value, _ interpreter: Interpreter, environment: Value
  ) throws -> ProgramContent {
    let keys = ContentKeys(interpreter)
    let directory = try mapErrors { try Directory.current() }
    let list = list
    return ProgramContent(
      work: ("tasks", file), directory: directory,
      key: { _, index in
        let task = list.tasks[index]
        let variables = task.environment.map { Value.text("\($0.name)=\($0.value)") }
        return try keys.key(
          of: .items([
            .text("task"), .text(directory), .text(task.name),
            .items(task.words.map { .text($0) }), .text(task.directory ?? ""),
            .items(variables), task.key, environment,
          ]))
      },
      words: { _, index in list.tasks[index].words.map { Array($0.utf8) } },
      files: { _, index in
        let words = list.tasks[index].words
        let isShell = words.first == "sh" && words.dropFirst().first == "-c"
        return (Array(words[0].utf8), isShell ? [] : Array(words.dropFirst()))
      })
  }

  /// Why a task that is done runs again nevertheless: one that it needs does.
  func follower(of ran: Set<Int>, _ index: Int) -> String? {
    list.tasks[index].needed.first(where: ran.contains).map {
      "'\(names[$0])', which it needs, runs"
    }
  }
}
