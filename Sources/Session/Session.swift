import Glibc
import Channels
import Language
import Posix
import Processes

/// A host that has a session: what the commands of processes ask for.
public protocol SessionHost: Host {
  var session: Session { get }
}

extension Interpreter {
  /// The session of the shell that runs the program.
  @inlinable
  public var session: Session { .current }
}

extension Handle {
  /// The session that it belongs to.
  @inlinable
  public var session: Session { .current }
}

extension Call {
  /// The session that the call was made in.
  @inlinable
  public var session: Session { .current }
}

/// Everything that one shell process knows of its processes, names, signals and output.
///
/// A forked child goes on with a copy, which `becomeChild` makes its own.
public final class Session {
  /// The one session of this process; `start` makes the process ready for it.
  ///
  /// Asking the host would cost a dynamic cast for each command.
  @inlinable
  public static var current: Session { made ?? make() }

  // A `static let` would be asked for each time whether it was made, by a call.
  @usableFromInline nonisolated(unsafe) static var made: Session?

  @inline(never)
  @usableFromInline
  static func make() -> Session {
    let session = Session()
    made = session
    return session
  }

  public let loop = EventLoop()
  public let processes = ProcessTable()
  public let names = Names()
  /// Made when first needed: most scripts do without.
  public private(set) lazy var settings = makeSettings()
  public let output = Output()
  public let handlers = SignalHandlers()
  let dueCalls = DueCalls()
  public let reader = ProcReader()
  /// The session's own process.
  public let rootPid = Process.pid
  /// The channels that this process has.
  public let channels = ChannelList()
  /// How values go to other processes, and come from them.
  public private(set) lazy var codec = ValueCodec(
    self.interpreter, handles: self.hooks.makeHandleCoder())
  /// Blocks of `process define`, by the name of the class.
  public var processClasses: [String: Value] = [:]
  /// Where random numbers come from.
  public private(set) lazy var random = RandomSource()
  /// The pools that this process has made.
  public let pools = PoolList()
  /// The machines of pools and runs, while they are in use.
  var machines: [FarHosts] = []
  private(set) var slots: ProcessSlots?
  let supervisor = Supervisor()
  /// The jobserver of a make above, once it was asked for.
  var jobServer: JobServer?

  /// What layers above have done.
  public var hooks = SessionHooks()

  /// Whether a command has standard output redirected in this very process.
  public var hasRedirectedOutput = false
  /// Whether a person types at a terminal; never true in a forked child, but for one that is made
  /// for a person (`isAttached`).
  public var isInteractive: Bool {
    get { hasPerson && !isBranch }
    set { hasPerson = newValue }
  }
  private var hasPerson = false
  /// Whether this process was forked by another of the session: no joining at its end, no prompt.
  public var isChild: Bool { Process.forkDepth > 0 }
  /// The depth of forks at which a process is that serves `brood attach`.
  var attachedDepth: UInt32?
  /// Whether this process was forked to serve `brood attach`: a child with a person of its own.
  public var isAttached: Bool { attachedDepth == Process.forkDepth }
  /// Whether this process was forked by the one that a person or a script talks to.
  public var isBranch: Bool { Process.forkDepth > attachedDepth ?? 0 }
  /// Whether this process works for a pool, or was forked by one that does.
  public internal(set) var isPoolWorker = false
  /// Set in the child of a classic `fork` at the prompt: it ends after the entered text.
  var endsAfterText = false
  /// The name of this process in messages; nil in the session's own process.
  public var ownName: String? { slots?.ownName }
  /// The signal that this process is being ended by, of which it dies in the end.
  var endingSignal: Signal?
  /// Whether a signal ends this process.
  public var isEnding: Bool { endingSignal != nil }
  /// An error that was not caught was shown.
  var hasFailed = false
  /// Counts how often a child was stopped or continued.
  var stops = 0
  /// The reader of standard output has gone, which is to end this process.
  var lostReader = false
  /// Blocks of `on-exit`, the last one runs first.
  var exitBlocks: [Value] = []

  /// Writes a line to standard error, whatever the names in it are.
  public static func say(_ line: String) {
    try? Transfer.writeAll(2, FoldedText.lines(TerminalText.lines(line), for: 2) + "\n")
  }

  /// What the session runs, for recordings, and the version of the program; set by the shell.
  public var script = ""
  public var programVersion = ""
  /// Where the recording is written when it ends.
  var recordingPath: String?

  var sleepNotes = SleepNotes()
  var lookout = Lookout()

  /// The interpreter whose handlers run when output has to wait; set by the host.
  public var interpreter: Interpreter? {
    didSet {
      Session.recorded = interpreter.map(Unmanaged.passUnretained)
      output.onAttention = { [self] in
        if let interpreter { try attend(interpreter) } else { Attention.clear() }
      }
    }
  }

  /// The same, for what each recorded operation asks.
  nonisolated(unsafe) private static var recorded: Unmanaged<Interpreter>?

  private init() {
    output.brokenPipe = { [self] in outputBroke() }
    hookLoop()
    loop.afterSleep = { [self] in sleepNotes.end() }
    WaitNote.standing = { [self] in standingOfWaits }
    WaitNote.besides = { [self] in pools.awaited }
    Recorder.setPlace {
      // Each recorded operation asks for it: nothing is retained on the way.
      let note = Session.recorded?._withUnsafeGuaranteedRef(\.activeNote) ?? 0
      return note != 0 ? note : Session.current.placeOfWait
    }
    WaitLookout.asked = { [self] in askForLook($0) }
    LockOrder.tell = { [self] in tellOrder($0) }
  }

  /// What is done before each sleep; the prompt adds to it.
  func hookLoop() {
    loop.beforeSleep = { [self] in
      postponing { try output.flush() }
      noteSleep()
    }
  }

  /// Prepares this process to be a session; call once, before anything else of it.
  ///
  /// A batch run that needs none of it costs a few system calls; the guardian starts with the
  /// first process.
  public func start() throws {
    // What lives, who holds a lock, who comes home: all of it is read there.
    guard try mapErrors(nil, { try FileStatus.exists("/proc/self/stat") }) else {
      throw ErrorObject(
        .missing, "/proc is needed to see processes, and is not mounted (mount -t proc proc /proc)")
    }
    do throws(SystemError) {
      try Descriptors.start()
    } catch {
      guard error.code == EMFILE else { throw error.asError("cannot start") }
      throw ErrorObject(
        .limit, "this process may have too few files open at once",
        help: "at least \(Descriptors.least) are needed: raise the limit, as with `ulimit -n 1024`")
    }
    Signals.start()
    try? Signals.set(.int, .record)
    SignalHandlers.ending.forEach { try? Signals.set($0, .record) }
    try? Signals.set(Session.attachSignal, .record)
    ProgramMemory.explainExhaustion { Session.current.output.writeAtOnce() }
    LargeMemory.isThere = ProgramMemory.isThere
    LargeMemory.remedy = { memoryRemedy }
    try? Guardian.mark()
    slots = try? ProcessSlots()
    OperationTrace.start()
    do { try Process.adoptOrphans(true) } catch { supervisor.losesOrphans = true }
  }
}

extension Session {
  /// The names of the session's forked and spawned processes, grandchildren included, by pid.
  var processNames: [Int32: String] {
    var result = (slots?.entries.byPid ?? [:]).mapValues(\.name)
    for process in processes.all { result[process.pid] = process.name }
    return result
  }

  /// What all processes of the session know of each other.
  public var processEntries: ProcessSlots.Entries {
    slots?.entries ?? ProcessSlots.Entries()
  }
}
