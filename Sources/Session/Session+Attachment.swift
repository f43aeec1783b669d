import Channels
import Glibc
import Language
import Posix
import Processes

/// `brood attach`: another process of the user asks for a prompt, or for a text to be run, in this
/// session.
///
/// It listens at an abstract socket that is named after its pid, and sends URG, which means nothing
/// to a program that does not know it. So a session that is never asked pays nothing, and a name is
/// all that others of the machine see. The session forks a process that serves the connection, and
/// goes on at once.
extension Session {
  /// What tells a session that it is asked.
  public static var attachSignal: Signal { .urg }

  /// Where the process that asks listens.
  public static func attachAddress(of pid: Int32) -> SocketAddress {
    .abstract("brood-attach-\(pid)")
  }

  /// The slot name of a process that serves one that asked, which no user's process can have.
  static func attachName(of pid: Int32) -> String { "attach(\(pid))" }

  /// Whether a name is that of a process that serves `brood attach`.
  public static func isAttachName(_ name: String) -> Bool { name.hasPrefix("attach(") }

  /// Obeys `brood attach`; false if the signal was another's.
  func attach(_ sender: Int32, _ interpreter: Interpreter) -> Bool {
    guard !isChild, sender > 0, let serve = hooks.onAttach else { return false }
    guard let socket = try? connect(to: sender) else { return false }
    defer { Descriptors.close(socket) }
    do {
      try forkLooker(for: sender, interpreter) { serve(socket) }
    } catch {
      let reason = (error as? ErrorObject)?.message ?? "\(error)"
      _ = try? Messages.send(socket, Array("cannot attach: \(reason)\0".utf8))
    }
    return true
  }

  /// The socket of a process of this user that listens for the session; nil if it does not.
  private func connect(to pid: Int32) throws -> Int32? {
    let address = Session.attachAddress(of: pid)
    let socket = try Socket.make(for: address)
    // Another user could have taken the name.
    if case .done? = try? Socket.connect(socket, to: address),
      let user = Socket.peerUser(of: socket), user == geteuid() || user == 0
    {
      return socket
    }
    Descriptors.close(socket)
    return nil
  }

  /// Forks a process that has the names and values of this one, and is none of its children for
  /// `wait`, `jobs` and the end of a script.
  private func forkLooker(
    for sender: Int32, _ interpreter: Interpreter, _ body: () -> Never
  ) throws {
    try startGuardian()
    var options = ForkOptions(kind: .helper, command: "brood attach")
    options.name = Session.attachName(of: sender)
    let slot = try slots.map { slots in try mapErrors { try slots.reserve(isNested: false) } }
    let name = Session.attachName(of: sender)
    if let slot { slots?.name(slot, name) }
    // No number is used up: what a script sees of numbers and names stays as without it.
    let process = ProcessHandle(
      SpawnTicket(name: name, slot: slot, id: 0), options)
    processes.add(process)
    let pid: Int32
    do {
      if let slot {
        slots?.describe(slot, process.work)
        channels.admitLooker(slot)
      }
      let number = UInt64.max - UInt64(UInt32(bitPattern: sender))
      pid = try mapErrors("cannot fork") { try forkBare(number: number) }
    } catch {
      leave(process)
      throw error
    }
    if pid > 0 {
      process.givenPid = pid
      if let slot { slots?.fill(slot, pid: pid) }
      return
    }
    becomeChild(slot)
    becomeLooker(interpreter)
    WaitNote.setAside { codec.setAside { body() } }
  }

  /// In the forked process: nothing of what the script was about to do is done here.
  private func becomeLooker(_ interpreter: Interpreter) {
    attachedDepth = Process.forkDepth
    isInteractive = false
    if !exitBlocks.isEmpty { exitBlocks = [] }
    handlers.forgetAll()
    hooks.notices = nil
    hooks.backgroundOutput = nil
    output.beforeWriting = nil
    output.linePrefix = nil
    hookLoop()
    channels.stayAway()
    closeSockets()
    interpreter.hideCalls()
  }
}
