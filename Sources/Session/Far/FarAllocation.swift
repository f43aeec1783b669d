import Glibc
import Language
import Machines
import Posix
import Processes

/// Machines that a cluster's scheduler has given to this session, or is asked for.
public enum FarAllocation {
  /// The nodes of the allocation that this process is in, and its number; nil outside of one.
  ///
  /// - Parameter variable: yields a variable of the environment.
  public static func current(
    _ variable: (String) -> String?
  ) -> (job: String, nodes: [String])? {
    guard let job = variable("SLURM_JOB_ID"), !job.isEmpty,
      let list = variable("SLURM_JOB_NODELIST") ?? variable("SLURM_NODELIST"),
      let nodes = HostExpression.hosts(list)
    else { return nil }
    return (job, nodes)
  }
}

/// An allocation of this session's own, which is cancelled when the session ends in any way.
public final class FarGrant {
  public let job: String
  private var end: Int32

  /// A process beside this session waits for its end, and cancels then; nothing else ends it.
  fileprivate init(_ job: String, _ placement: FarPlacement) throws {
    self.job = job
    let (read, write) = try mapErrors("cannot make a pipe") { try Descriptors.pipe() }
    defer { Descriptors.close(read) }
    end = try mapErrors { try Descriptors.makePrivate(write) }
    var request = SpawnRequest(
      path: try placement.find("sh"),
      arguments: ["sh", "-c", "read -r line; exec scancel -Q \"$1\"", "sh", job],
      environment: placement.environment)
    let null = try mapErrors { try Descriptors.open("/dev/null", O_RDWR) }
    defer { Descriptors.close(null) }
    request.descriptors = [(read, 0), (null, 1), (null, 2)]
    request.group = .session
    request.task = 0
    let (pid, pidfd) = try mapErrors("cannot start sh") { try Processes.spawn(request) }
    Descriptors.close(pidfd)
    Session.current.noteDetached(pid)
  }

  /// It is not needed any more.
  func release() {
    Descriptors.close(end)
    end = -1
  }

  deinit { release() }
}

extension Session {
  /// Asks for machines and waits until they are granted, telling what is waited for.
  ///
  /// - Parameters:
  ///   - words: for salloc.
  ///   - tell: gets each line that salloc says.
  public func allocate(
    _ words: [String], _ placement: FarPlacement, _ interpreter: Interpreter,
    tell: (String) -> Void
  ) throws -> (grant: FarGrant, nodes: [String]) {
    var grant: FarGrant?
    var said: [String] = []
    let status = try capture(words, placement, interpreter) { line in
      said.append(line)
      if grant == nil, line.contains("job allocation"),
        let job = line.split(separator: " ").last(where: { $0.allSatisfy(\.isNumber) })
      {
        grant = try? FarGrant(String(job), placement)
      }
      tell(line)
    }
    guard status == 0, let grant else {
      throw ErrorObject(
        .failed, "there is no allocation: \(said.last ?? "salloc ended with status \(status)")",
        help: "--allocate has words for salloc, as the partition: --allocate '-p short -t 30'")
    }
    var list = ""
    _ = try capture(
      ["squeue", "-h", "-o", "%N", "-j", grant.job], placement, interpreter
    ) { list = $0 }
    guard let nodes = HostExpression.hosts(list) else {
      throw ErrorObject(.failed, "the nodes of the allocation \(grant.job) are not known: \(list)")
    }
    return (grant, nodes)
  }

  /// SHA-256 of the program that runs here, in hexadecimal digits (sha256sum(1)).
  public func hashOfProgram(
    _ placement: FarPlacement, _ interpreter: Interpreter
  ) throws -> String {
    var said = ""
    let words = ["sha256sum", "/proc/\(Process.pid)/exe"]
    let status = try capture(words, placement, interpreter) { said = $0 }
    let hash = said.prefix { $0.isHexDigit }
    guard status == 0, hash.utf8.count == 64 else {
      throw ErrorObject(.failed, "the hash of this program is not known: \(said)")
    }
    return String(hash)
  }

  /// Runs a program and hands over its lines as they come; yields its exit status, -1 for a signal.
  private func capture(
    _ words: [String], _ placement: FarPlacement, _ interpreter: Interpreter,
    line: (String) -> Void
  ) throws -> Int32 {
    guard let name = words.first else { return -1 }
    let (read, write) = try mapErrors("cannot make a pipe") { try Descriptors.pipe() }
    let input = try mapErrors { try Descriptors.makePrivate(read) }
    defer { Descriptors.close(input) }
    var process: ProcessHandle?
    do {
      defer { Descriptors.close(write) }
      var request = SpawnRequest(
        path: try placement.find(name), arguments: words, environment: placement.environment)
      let null = try mapErrors { try Descriptors.open("/dev/null", O_RDONLY) }
      defer { Descriptors.close(null) }
      request.descriptors = [(null, 0), (write, 1), (write, 2)]
      request.group = .new
      let ticket = try prepareSpawn(name: nil, prefix: "host", command: name)
      do {
        let (pid, pidfd) = try mapErrors("cannot start '\(name)'") { try Processes.spawn(request) }
        process = register(
          ticket, pid: pid, pidfd: pidfd, command: name, kind: .helper, group: pid, isDaemon: true)
      } catch {
        abandon(ticket)
        throw error
      }
    }
    guard let process else { return -1 }
    var bytes: [UInt8] = []
    var isOver = false
    var changes = 0
    let watch = try mapErrors {
      try loop.watch(input, for: .read) { [self] in
        changes += 1
        _ = self
      }
    }
    defer { loop.remove(watch) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
    defer { buffer.deallocate() }
    do {
      while !isOver {
        let before = changes
        _ = try pause(interpreter) { changes != before }
        while let count = try? Transfer.readNow(input, into: buffer) {
          if count == 0 {
            isOver = true
            break
          }
          bytes += buffer[..<count]
          while let end = bytes.firstIndex(of: 10) {
            line(String(decoding: bytes[..<end], as: UTF8.self))
            bytes.removeFirst(end + 1)
          }
        }
      }
      _ = try pause(interpreter) { (try? reapNow(process)) != nil || process.record != nil }
    } catch {
      try? Process.send(.term, toGroup: process.group)
      throw error
    }
    return process.record?.exit ?? -1
  }
}
