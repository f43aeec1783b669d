import Glibc
import Language
import Posix

extension SystemError {
  /// The failed call as an error of the language.
  ///
  /// - Parameter what: what was to be done, as `cannot fork`; the reason follows a colon.
  public func asError(_ what: String? = nil, help: String? = nil) -> ErrorObject {
    let reason = "\(message) (\(name))"
    let text = what.map { "\($0): \(reason)" } ?? "\(description) (\(name))"
    return ErrorObject(kind, text, help: help ?? remedy)
  }

  private var kind: ErrorKind {
    switch code {
    case ENOENT, ESRCH, ENOTDIR: .missing
    case EAGAIN, EMFILE, ENFILE, ENOMEM, E2BIG, ETOOMANYREFS: .limit
    default: .system
    }
  }

  /// What a user can do about it.
  private var remedy: String? {
    switch code {
    case EPERM:
      call.contains("kill") || call.contains("signal")
        ? "the process belongs to another user" : "only the superuser may do this"
    case EACCES where call == "setpriority": "only the superuser may do this"
    case EACCES: "see: ls -l \(detail ?? "FILE")"
    case ENOMEM: memoryRemedy
    case EAGAIN: "end some processes first; ps shows those of this session"
    case EMFILE, ENFILE: "close some files or channels first; ulimit -n sets how many may be open"
    case ETOOMANYREFS:
      "too many descriptors of this user wait in channels: take some out, or raise ulimit -n"
    case E2BIG: "pass fewer or shorter arguments, or a smaller $env"
    case ESRCH: "it has ended and was reaped"
    case ENOSPC: "the disk or memory file system is full"
    default: nil
    }
  }
}

/// Runs Posix calls, their failures as errors of the language.
public func mapErrors<Result>(
  _ what: @autoclosure () -> String? = nil, help: @autoclosure () -> String? = nil,
  _ body: () throws -> Result
) throws -> Result {
  do {
    return try body()
  } catch let error as SystemError {
    throw error.asError(what(), help: help())
  }
}

/// What a user can do where memory runs out.
var memoryRemedy: String {
  guard let limit = ProgramMemory.limit else {
    return "the machine has no more of it: keep less at a time, or end other processes"
  }
  return "this process may have \(sizeText(limit.bytes)): keep less at a time, "
    + "or raise that with `ulimit -\(limit.letter)`"
}
