import Language
import Posix
import Processes
import Session
import ShellHost

/// `--jobs`: how many programs run at a time.
enum JobsFlag {
  static let flag = Flag(
    "jobs", type,
    "how many run at a time: 4, +1 or -1 of the usable CPUs, 50% of them, 0 for as many as "
      + "possible, or a file with one of these; by default one for each usable CPU", letter: "j")

  private static let type = ParameterType(
    "count", "a number, as 4, +1, -1, 50% or 0, or a file with one", completion: .file
  ) { input in
    if case .float = input.value { return nil }
    return .text(input.word ?? input.value.asText)
  }

  static let details = """
    --jobs 0 runs as many at a time as the limits of the system allow, and says when it is at that \
    bound. A file, as --jobs ./jobs, is read again each second: what is written there then holds at \
    once, and programs that are too many end by themselves. With --via it is so many at each host, 50% \
    of that host's CPUs for instance; a number in the host's own words, as ssh:4/node1, counts more.

    In a recipe of make the programs take part in its jobserver, as a sub-make does: one runs \
    always, each further one needs a token of make, and --jobs is the most. That needs a + in front \
    of the recipe's line, or $(MAKE) in it; else one runs at a time, unless --jobs is given. With \
    MAKEFLAGS= nothing is asked of make.
    """

  /// How many to count with before anything runs.
  static func count(_ call: borrowing Call) throws -> Int {
    guard let text = call.flag("jobs")?.asText else { return call.session.usableCPUs }
    return count(of: try limit(text, call), call.session)
  }

  /// Likewise, where what is wrong with the flag is told elsewhere.
  static func planned(_ call: borrowing Call) -> Int {
    (try? count(call)) ?? call.session.usableCPUs
  }

  private static func count(of limit: JobLimit, _ session: Session) -> Int {
    switch limit {
    case .count(let count): count
    case .unbounded: room(session).count
    }
  }

  /// How many programs the system has room for, and why no more.
  private static func room(_ session: Session) -> (count: Int, cause: String) {
    // A pidfd, two pipes, and two files of results.
    let room = SystemLoad.room(files: 5)
    let ofSession = session.mostProcesses
    if room.count <= min(ofSession, JobLimit.most) { return room }
    return ofSession <= JobLimit.most
      ? (ofSession, "config limit.processes") : (JobLimit.most, "the most that there may be")
  }

  /// What the flag says, or the file that it names.
  private static func limit(_ text: String, _ call: borrowing Call) throws -> JobLimit {
    let cpus = call.session.usableCPUs
    if let limit = JobLimit(text, cpus: cpus) { return limit }
    guard (try? FileStatus(text))?.kind == .regular else {
      throw call.error(
        .range,
        "--jobs must be a number, as 4, +1, -1, 50% or 0, or a file with one, but is '\(text)'",
        flag: "jobs")
    }
    guard let limit = read(text, cpus) else {
      throw call.error(
        .range, "the file '\(text)' of --jobs must hold a number, as 4, +1, -1, 50% or 0",
        flag: "jobs")
    }
    return limit
  }

  private static func read(_ path: String, _ cpus: Int) -> JobLimit? {
    word(path).flatMap { JobLimit($0, cpus: cpus) }
  }

  /// The first word of a file; nil if there is none, or it is no number.
  private static func word(_ path: String) -> String? {
    guard (try? FileStatus(path))?.kind == .regular, let bytes = try? Transfer.readFile(path) else {
      return nil
    }
    let text = String(decoding: bytes.prefix(100), as: UTF8.self)
    return text.split(whereSeparator: \.isWhitespace).first.map(String.init)
      .flatMap { JobLimit($0, cpus: 1) == nil ? nil : $0 }
  }

  /// How many may run on a machine with so many CPUs.
  private static func counting(_ word: String, _ session: Session) -> (Int) -> Int {
    { cpus in JobLimit(word, cpus: cpus).map { count(of: $0, session) } ?? cpus }
  }

  static func apply(
    _ call: borrowing Call, _ host: BroodHost, to options: inout ProgramRun.Options
  ) throws {
    let session = call.session
    options.jobs = try count(call)
    if let text = call.flag("jobs")?.asText {
      if JobLimit(text, cpus: 1) == .unbounded { options.bound = room(session).cause }
      if JobLimit(text, cpus: 1) == nil {
        options.jobsAt = word(text).map { counting($0, session) }
        options.changedJobs = { word(text).map { counting($0, session) } }
      } else {
        options.jobsAt = counting(text, session)
      }
    }
    guard !call.isSet("detach"), !call.isSet("dry-run"),
      let flags = host.environmentVariable("MAKEFLAGS")
    else { return }
    let (server, isClosed) = try session.findJobServer(makeflags: flags)
    options.jobServer = server
    if call.flag("jobs") != nil { return }
    if server != nil { options.jobs = room(session).count }
    guard isClosed else { return }
    options.jobs = 1
    Session.say(
      "pool run: make's jobserver is out of reach, so one program runs at a time; "
        + "begin the recipe's line with +, or give --jobs N")
  }
}
