import Channels
import Explore
import Language
import Posix
import Processes

/// `config chaos`: the processes of the session go on one at a time, in an order drawn from a seed.
extension Session {
  /// Begins anew with a seed; processes that there are already go on by themselves.
  ///
  /// A process of its own decides, and ends with the last of those that it decides for.
  func beginChaos(_ seed: Int) throws {
    guard Gate.current?.isLoose ?? true else {
      throw ErrorObject(
        .type, "what is explored has no chaos of its own", help: "explore tries every order anyway")
    }
    endChaos()
    guard let interpreter, let watch = hooks.watchAtGate else { return }
    let ends = try mapErrors("cannot begin chaos") { try Descriptors.messagePair() }
    defer { Descriptors.close(ends.0) }
    var options = ForkOptions(kind: .helper, command: "config chaos")
    options.prefix = "chaos"
    options.group = 0
    do {
      _ = try fork(options, interpreter) {
        Descriptors.close(ends.1)
        ChaosDecider(UInt64(bitPattern: Int64(seed))).run(try Descriptors.makePrivate(ends.0))
        return .null
      }
    } catch {
      Descriptors.close(ends.1)
      throw error
    }
    let gate = try Gate(ends.1, ProcessPath(), isLoose: true)
    setSeed(seed)
    Gate.current = gate
    gate.watchOperations()
    watch(interpreter)
    gate.begin()
  }

  /// Lets this process go on by itself; its children still do one at a time.
  func endChaos() {
    guard let gate = Gate.current, gate.isLoose else { return }
    gate.close()
  }
}
