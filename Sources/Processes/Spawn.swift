import CPosix
import Glibc
import Posix

/// A program to be started; everything not mentioned is inherited.
public struct SpawnRequest {
  /// The file to run, as `Executable.find` yields it.
  public var path: String

  /// The arguments, the program's name first.
  public var arguments: [String]

  /// Instead of `arguments`, where they need not be UTF-8.
  public var argumentBytes: [[UInt8]]?

  /// The environment, each entry as NAME=VALUE.
  public var environment: [String]

  /// Instead of `environment`, for many programs.
  public var environmentBlock: CStringBlock?

  /// The program's working directory, where `path` must be absolute; nil for the shell's.
  public var directory: String?

  /// Which descriptor becomes which number of the program, all at once.
  public var descriptors: [(from: Int32, to: Int32)] = []

  /// The process group.
  public var group: Group = .inherit

  /// A terminal descriptor whose foreground group the program becomes; needs `.new` or `.join`.
  public var terminal: Int32?

  /// Signals to set to their default.
  public var defaults: SignalSet

  /// The signal mask of the program.
  public var mask: SignalSet

  /// The program's task number (see `Guardian`), or nil to inherit; 0 detaches it.
  public var task: UInt32?

  /// Where a program goes.
  public enum Group: Hashable, Sendable {
    case inherit, new

    /// Joins this group.
    case join(Int32)

    /// A session of its own, without a terminal (setsid(2)).
    case session
  }

  /// A program that finds the signals as the shell found them.
  public init(path: String, arguments: [String], environment: [String]) {
    self.path = path
    self.arguments = arguments
    self.environment = environment
    defaults = Signals.defaultsForPrograms
    mask = Signals.maskOnEntry
  }
}

/// Starts a program (vfork(2), execve(2), pidfd_open(2)); yields its pid and a private pidfd.
///
/// A text file without `#!` is given to /bin/sh, as shells do. Throws what execve(2) says: ENOENT
/// also stands for a missing interpreter, ENOEXEC for a binary of another kind.
public func spawn(_ request: SpawnRequest) throws(SystemError) -> (pid: Int32, pidfd: Int32) {
  var moves = try OrderedMoves(request.descriptors)
  defer { moves.close() }
  do throws(SystemError) {
    return try spawn(request, moves.pairs)
  } catch {
    guard error.code == ENOEXEC, Executable.looksLikeScript(request.path) else { throw error }
    return try spawn(request.givenToShell, moves.pairs)
  }
}

/// Replaces this process by a program (execve(2)); returns only by throwing, nothing changed.
///
/// Descriptors must be in place. Signals and limits are reset as for a spawn.
public func replaceProcess(_ request: SpawnRequest) throws(SystemError) -> Never {
  let code = run(request)
  guard code == ENOEXEC, Executable.looksLikeScript(request.path) else {
    throw SystemError(call: "execve", code: code, detail: request.path)
  }
  throw SystemError(call: "execve", code: run(request.givenToShell), detail: request.path)

  func run(_ request: SpawnRequest) -> Int32 {
    CStringBlock(request.arguments).withPointers { arguments in
      CStringBlock(request.environment).withPointers { environment in
        -brood_exec(
          request.path, arguments, environment, request.defaults.mask, request.mask.mask)
      }
    }
  }
}

private func spawn(
  _ request: SpawnRequest, _ moves: [Int32]
) throws(SystemError) -> (pid: Int32, pidfd: Int32) {
  var pidfd: Int32 = -1
  let arguments = request.argumentBytes.map(CStringBlock.init) ?? CStringBlock(request.arguments)
  let environment = request.environmentBlock ?? CStringBlock(request.environment)
  let result = arguments.withPointers { arguments in
    environment.withPointers { environment in
      moves.withUnsafeBufferPointer { moves in
        withCStrings(request.path, request.directory) { path, directory in
          var raw = brood_spawn()
          raw.path = path
          raw.directory = directory
          raw.arguments = arguments
          raw.environment = environment
          raw.moves = moves.baseAddress
          raw.move_count = Int32(moves.count / 2)
          raw.terminal = request.terminal ?? -1
          raw.defaults = request.defaults.mask
          raw.mask = request.mask.mask
          raw.group = -1
          switch request.group {
          case .inherit: break
          case .new: raw.group = 0
          case .join(let group): raw.group = group
          case .session: raw.new_session = true
          }
          if let task = request.task, let soft = Guardian.softLimit(forTask: task) {
            raw.mark = true
            raw.soft_mark = soft
          }
          return brood_spawn(&raw, &pidfd)
        }
      }
    }
  }
  if result < 0 { throw SystemError(call: "posix_spawn", code: -result, detail: request.path) }
  return (result, pidfd)
}

private func withCStrings<R>(
  _ text: String, _ other: String?, _ body: (UnsafePointer<CChar>, UnsafePointer<CChar>?) -> R
) -> R {
  text.withCString { text in
    guard let other else { return body(text, nil) }
    return other.withCString { body(text, $0) }
  }
}

extension SpawnRequest {
  fileprivate var givenToShell: SpawnRequest {
    var copy = self
    copy.path = "/bin/sh"
    copy.arguments = ["sh", path] + arguments.dropFirst()
    copy.argumentBytes = argumentBytes.map {
      [Array("sh".utf8), Array(path.utf8)] + $0.dropFirst()
    }
    return copy
  }
}

/// Turns simultaneous descriptor moves into dup2 steps that do not overwrite each other.
struct OrderedMoves {
  /// Numbers in pairs: from, to.
  private(set) var pairs: [Int32] = []
  private var copies: [Int32] = []

  /// Copies those sources aside that an earlier step overwrites (`3>&1 1>&2` and swaps).
  init(_ moves: [(from: Int32, to: Int32)]) throws(SystemError) {
    var overwritten: [Int32] = []
    var aside: [Int32: Int32] = [:]
    for move in moves {
      var from = move.from
      if overwritten.contains(from) && from != move.to || aside[from] != nil {
        from = try copy(of: from, &aside)
      }
      pairs += [from, move.to]
      overwritten.append(move.to)
    }
  }

  /// Closes the copies once the program has them.
  mutating func close() {
    for fd in copies { Descriptors.close(fd) }
    copies = []
  }

  private mutating func copy(
    of fd: Int32, _ aside: inout [Int32: Int32]
  ) throws(SystemError) -> Int32 {
    if let known = aside[fd] { return known }
    do throws(SystemError) {
      let made = try Descriptors.privateCopy(of: fd)
      copies.append(made)
      aside[fd] = made
      return made
    } catch {
      close()
      throw error
    }
  }
}
