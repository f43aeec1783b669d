import Glibc
import Language
import Posix
import Session

extension BroodHost {
  /// Runs a built-in or a block with this process's own descriptors redirected.
  public func redirected(
    _ redirections: [Redirection], _ interpreter: Interpreter, body: () throws -> Value
  ) throws -> Value {
    try flush()
    let set = Redirections()
    let depth = self.redirections.count
    self.redirections.append(set)
    let wasRedirected = session.hasRedirectedOutput
    let toldBefore = session.hooks.willSpawn
    let forks = Process.forkDepth
    defer {
      if Process.forkDepth == forks {
        session.hasRedirectedOutput = wasRedirected
        session.hooks.willSpawn = toldBefore
      }
      // A forked child that comes by here has forgotten the originals, and keeps what it has.
      if self.redirections.count > depth { self.redirections.removeLast() }
      set.undo()
      session.output.descriptorChanged()
    }
    for redirection in redirections { try apply(redirection, set, interpreter) }
    session.output.descriptorChanged()
    if redirections.contains(where: { $0.descriptors.contains(1) }) {
      session.hasRedirectedOutput = true
    }
    let channels = redirections.filter { $0.handle != nil }
    if !channels.isEmpty {
      session.hooks.willSpawn = { slot in
        toldBefore?(slot)
        for redirection in channels { redirection.admit(slot) }
      }
    }
    let result: Value
    do {
      result = try body()
    } catch {
      session.postponing { try flush() }
      throw error
    }
    do {
      try flush()
    } catch let error as ErrorObject {
      if error.location == nil { error.location = redirections.last?.location }
      throw error
    }
    return result
  }

  /// Redirects this process until its end, as a forked stage does that opens its own files.
  func redirectForGood(_ redirections: [Redirection], _ interpreter: Interpreter) throws {
    let set = Redirections()
    for redirection in redirections { try apply(redirection, set, interpreter) }
    set.keep()
  }

  private func apply(
    _ redirection: Redirection, _ set: Redirections, _ interpreter: Interpreter
  ) throws {
    let source: Int32
    let file = try open(redirection, interpreter)
    defer { if let file { Descriptors.close(file) } }
    if let file {
      source = file
    } else if case .duplicate(let other) = redirection.kind {
      try StageDescriptors.checkOpen(other, redirection)
      source = other
    } else {
      return
    }
    do throws(SystemError) {
      for target in redirection.descriptors { try set.redirect(target, to: source) }
    } catch {
      let failure = error.asError("cannot redirect")
      failure.location = redirection.location
      throw failure
    }
  }
}
