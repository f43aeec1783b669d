import Channels
import Glibc
import Language
import Posix
import Session

extension SocketHandle {
  /// Runs something with the socket; what it fails of becomes an error of the language.
  ///
  /// - Parameter verb: what is to be done, as `receive from`.
  func working<R>(_ verb: String, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as SocketError {
      throw told(error, verb)
    } catch ChannelError.timeout {
      throw ErrorObject(.timeout, "cannot \(verb) \(shown): timed out")
    } catch let error as SystemError {
      throw error.asError("cannot \(verb) \(shown)")
    }
  }

  private func told(_ error: SocketError, _ verb: String) -> ErrorObject {
    let place = "cannot \(verb) \(shown): "
    switch error {
    case .closed: return ErrorObject(.closed, "\(place)this process has closed it")
    case .listens:
      return ErrorObject(
        .type, "\(place)it listens, and is no connection",
        help: "socket accept \(name) yields one")
    case .isConnection:
      return ErrorObject(
        .type, "\(place)it is a connection, and does not listen",
        help: "socket listen NAME ADDRESS makes one that does")
    case .cutShort:
      return ErrorObject(
        .closed, "\(place)an earlier value went out in part only",
        help: "close it and connect again")
    case .busy:
      return ErrorObject(
        .type, "\(place)this signal handler has interrupted a write to it",
        help: "leave a mark in a variable, and write when the other write is done")
    case .ended(let moment): return ended(place, moment)
    case .tooLong(let thing): return tooLong(place, thing)
    }
  }

  private func tooLong(_ place: String, _ thing: SocketError.Thing) -> ErrorObject {
    let inParts = "socket read --bytes reads it in parts"
    switch thing {
    case .line(let limit):
      return ErrorObject(
        .limit, "\(place)the line is longer than \(sizeText(limit))", help: inParts)
    case .text(let limit):
      return ErrorObject(
        .limit, "\(place)the text is longer than \(sizeText(limit))", help: inParts)
    case .frame(let count):
      return ErrorObject(
        .limit, "\(place)what comes would take \(sizeText(count))", help: SocketHandle.otherSide)
    }
  }

  /// The other side is gone: `closed`, or `peer-died` if a signal ended its process.
  private func ended(_ place: String, _ moment: SocketError.Moment) -> ErrorObject {
    let suffix =
      switch moment {
      case .betweenMessages: ""
      case .inFrame(let had, let count):
        ", in the middle of a value (\(had) of \(count) bytes came)"
      case .unreachable: ", or it cannot be reached any more"
      }
    var payload: [String: Value] = ["socket": .handle(self)]
    if let ending = peerEnding, case .signaled = ending.cause {
      payload.merge(ending.facts) { $1 }
      return ErrorObject(
        .peerDied,
        "\(place)process \(session.named(ending.pid)) on the other side "
          + ending.description + suffix, payload: payload)
    }
    return ErrorObject(
      .closed, "\(place)the other side has closed it\(suffix)", payload: payload)
  }

  private var peerEnding: Ending? {
    guard let pid = socket.peerPid else { return nil }
    if let ending = Ending.recent(pid: pid) { return ending }
    // A program has no place in the table of forked processes.
    guard session.processes.child(pid) == nil,
      let signal = session.processes.ended(pid: pid)?.record?.signal
    else { return nil }
    return Ending(pid: pid, cause: .signaled(signal))
  }
}

extension SystemError {
  /// Why a socket cannot listen.
  func asListenError(_ endpoint: SocketEndpoint) -> ErrorObject {
    let place = "cannot listen at \(endpoint.text): "
    let error: ErrorObject
    switch code {
    case EADDRINUSE:
      error = ErrorObject(
        .system, "\(place)it is in use, a process listens there already",
        help: "choose another address, or end the process that has it: ss -lxtp shows it")
    case ENOTSOCK:
      error = ErrorObject(
        .system, "\(place)there is a file of that name, which is no socket",
        help: "choose another path, or remove the file")
    case EADDRNOTAVAIL:
      error = ErrorObject(.system, "\(place)this machine has no such address")
    case EACCES where call == "bind" && isPort(endpoint):
      error = ErrorObject(
        .system, "\(place)permission denied", help: "ports below 1024 are for the superuser")
    case ENAMETOOLONG: error = tooLong(place, endpoint)
    case ENOSPC:
      error = ErrorObject(.limit, "\(place)this session has too many socket files")
    default: error = asError(String(place.dropLast(2)))
    }
    return error.amended { $0.payload["code"] = .text(name) }
  }

  /// Why a connection could not be made.
  func asConnectError(_ endpoint: SocketEndpoint) -> ErrorObject {
    let place = "cannot connect to \(endpoint.text): "
    let error: ErrorObject
    switch code {
    case ECONNREFUSED where isOtherFile(endpoint):
      error = ErrorObject(.type, "\(place)that file is no socket")
    case ECONNREFUSED:
      error = ErrorObject(
        .missing, "\(place)connection refused, no process listens there",
        help: "start the server first, with: socket listen NAME \(endpoint.text)")
    case ENOENT:
      error = ErrorObject(
        .missing, "\(place)there is no such file, no process listens there",
        help: "start the server first, with: socket listen NAME \(endpoint.text)")
    case EPROTOTYPE:
      error = ErrorObject(.type, "\(place)that socket is of another kind, no stream")
    case ETIMEDOUT:
      error = ErrorObject(.timeout, "\(place)no answer came")
    case ENAMETOOLONG: error = tooLong(place, endpoint)
    default: error = asError(String(place.dropLast(2)))
    }
    return error.amended { $0.payload["code"] = .text(name) }
  }

  // connect(2) says no more than that no process listens there.
  private func isOtherFile(_ endpoint: SocketEndpoint) -> Bool {
    guard case .path(let path) = endpoint.place, let status = try? FileStatus(path) else {
      return false
    }
    return status.kind != .socket
  }

  private func isPort(_ endpoint: SocketEndpoint) -> Bool {
    if case .host = endpoint.place { return true }
    return false
  }

  private func tooLong(_ place: String, _ endpoint: SocketEndpoint) -> ErrorObject {
    let most = SocketAddress.longestName
    if case .abstract(let name) = endpoint.place {
      return ErrorObject(
        .limit, "\(place)the name is too long: it has \(name.utf8.count) bytes, and \(most) fit",
        help: "choose a shorter name")
    }
    return ErrorObject(
      .limit,
      "\(place)the path is too long: above \(most) bytes its last part may have about "
        + "\(most - 19), and all of it 1023",
      help: "choose a shorter path")
  }
}
