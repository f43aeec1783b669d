import Glibc
import Language
import Posix
import Processes
import Session
import Teaching

/// What is so in this session now, in sentences of both languages.
struct Facts {
  private let interpreter: Interpreter
  private let language: TextLanguage
  private var session: Session { interpreter.session }

  init(_ interpreter: Interpreter, _ language: TextLanguage) {
    self.interpreter = interpreter
    self.language = language
  }

  /// The kinds of facts that a topic may ask for.
  static let kinds = [
    "processes", "states", "zombies", "orphans", "signals", "memory", "channels", "locks",
    "priorities", "sessions", "pools", "descriptors", "speed",
  ]

  /// The sentences of a kind of facts; none for an unknown kind, and where the kernel does not tell.
  func told(_ kind: String) -> [String] {
    switch kind {
    case "processes": [processes]
    case "states": [states]
    case "zombies": [zombies]
    case "orphans": [orphans]
    case "signals": [signals]
    case "memory": [memory].compactMap { $0 }
    case "channels": [channels]
    case "locks": [locks]
    case "priorities": [priorities]
    case "sessions": [sessions]
    case "pools": [pools]
    case "descriptors": [descriptors].compactMap { $0 }
    case "speed": FactsOfSpeed(interpreter, language).told
    default: []
    }
  }

  private func say(_ english: String, _ chinese: String) -> String {
    language == .chinese ? chinese : english
  }

  /// As `kid (4711), …`.
  private func list(_ items: [String]) -> String {
    let comma = say(", ", "、")
    return items.prefix(5).joined(separator: comma) + (items.count > 5 ? comma + "…" : "")
  }

  /// The records that a command yields.
  private func records(_ command: String) -> [MapObject] {
    let findings = interpreter.compile(Source(name: "facts", text: command))
    guard let function = findings.function,
      let value = try? interpreter.session.aside({ try interpreter.value(of: function) })
    else { return [] }
    return tableRecords(value.plain) ?? []
  }

  private func text(_ record: MapObject, _ key: String) -> String {
    record.get(key).map { $0.isNull ? "" : TerminalText.line($0.asText) } ?? ""
  }

  private func named(_ record: MapObject) -> String {
    "\(text(record, "name")) (\(text(record, "pid")))"
  }

  // MARK: Processes

  private var processes: String {
    let all = records("ps")
    let others = all.filter { text($0, "pid") != "\(Process.pid)" }
    let own = say(
      "This is process \(Process.pid), its parent is \(Process.parentPid).",
      "本进程是 \(Process.pid)，父进程是 \(Process.parentPid)。")
    if others.isEmpty { return own + say(" It has no other process.", "没有其他进程。") }
    return own
      + say(" There are \(others.count) more: ", "另外还有 \(others.count) 个：")
      + list(others.map(named)) + say(".", "。")
  }

  private var states: String {
    let all = records("ps").map { "\(text($0, "name")) \(text($0, "state"))" }
    return list(all) + say(".", "。")
  }

  private var zombies: String {
    let found = session.processes.users.filter { $0.letter == "Z" }
      .map { "\($0.name) (\($0.pid))" }
    switch found.count {
    case 0: return say("No zombie.", "没有僵尸进程。")
    case 1: return say("One zombie: \(list(found)).", "有一个僵尸进程：\(list(found))。")
    default:
      return say(
        "\(found.count) zombies: \(list(found)).", "有 \(found.count) 个僵尸进程：\(list(found))。")
    }
  }

  private var orphans: String {
    let adopter = session.settings.text("reaper") == "session"
    let found = session.processes.all.filter { $0.kind.isOrphan && $0.record == nil }
      .map { "\($0.name) (\($0.pid))" }
    let who =
      adopter
      ? say("Orphans come to this session (\(session.rootPid)).", "孤儿进程由本会话（\(session.rootPid)）收养。")
      : say(
        "Orphans go to the system's adopter (config reaper init).", "孤儿进程由系统收养（config reaper init）。"
      )
    if found.isEmpty { return who + say(" There is none now.", "现在没有。") }
    return who + say(" Adopted now: \(list(found)).", "现在收养了：\(list(found))。")
  }

  private var signals: String {
    let handlers = session.handlers
    let caught = handlers.blocks.keys.map(\.name).sorted()
    let kept = handlers.blocked.map(\.name).sorted()
    let ignored = handlers.ignored.map(\.name).sorted()
    var parts: [String] = []
    if !caught.isEmpty { parts.append(say("handlers for ", "有处理函数：") + list(caught)) }
    if !ignored.isEmpty { parts.append(say("ignored: ", "忽略：") + list(ignored)) }
    if !kept.isEmpty { parts.append(say("blocked: ", "屏蔽：") + list(kept)) }
    if parts.isEmpty {
      return say("No handlers, nothing ignored, nothing blocked.", "没有处理函数，没有忽略的信号，也没有屏蔽的信号。")
    }
    return parts.joined(separator: say("; ", "；")) + say(".", "。")
  }

  private var memory: String? {
    guard let own = records("[(info $pid)]").first else { return nil }
    let (all, shared) = (text(own, "memory"), text(own, "shared"))
    return say(
      "This process has \(all) of memory, \(shared) of it shared with others.",
      "本进程占用内存 \(all)，其中 \(shared) 与其他进程共享。")
  }

  private var priorities: String {
    let all = records("ps").map { "\(text($0, "name")) \(text($0, "nice"))" }
    return say("Priorities (nice): ", "优先级（nice）：") + list(all) + say(".", "。")
  }

  private var sessions: String {
    let own = say(
      "This process is in session \(getsid(0)), group \(Process.group).",
      "本进程在会话 \(getsid(0))、进程组 \(Process.group) 中。")
    let others = records("sessions").count
    return own
      + say(" \(others) other sessions of Brood run.", "另有 \(others) 个 Brood 会话在运行。")
  }

  private var descriptors: String? {
    guard let paths = try? Glob.paths("/proc/self/fd/*", attend: {}) else { return nil }
    return say(
      "This process has \(paths.count) descriptors open.", "本进程打开了 \(paths.count) 个描述符。")
  }

  // MARK: Channels

  private var channels: String {
    let all = session.names.all().filter { $0.handle is ChannelHandle }
      .map { "\($0.handle.typeName) \($0.name)" }
    if all.isEmpty { return say("No channel.", "没有通道。") }
    return say("Channels: ", "通道：") + list(all) + say(".", "。")
  }

  private var locks: String {
    let held = (records("lock list") + records("sem list")).map { record in
      let holder = text(record, "holder") + text(record, "holders")
      return text(record, "name") + (holder.isEmpty ? "" : say(" held by ", " 持有者 ") + holder)
    }
    if held.isEmpty { return say("No lock and no semaphore.", "没有锁，也没有信号量。") }
    return list(held) + say(".", "。")
  }

  private var pools: String {
    let all = records("pool list").map { "\(text($0, "name")) (\(text($0, "size")))" }
    let cpus = session.usableCPUs
    let here = say(
      "\(cpus) CPUs can be used here.", "这里可以使用 \(cpus) 个 CPU。")
    if all.isEmpty { return say("No pool. ", "没有进程池。") + here }
    return say("Pools: ", "进程池：") + list(all) + say(". ", "。") + here
  }
}
