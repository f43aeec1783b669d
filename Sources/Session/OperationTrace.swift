import Channels
import Glibc
import Language
import Posix
import Waits

/// `BROOD_TRACE=channel`: each operation on a channel as two lines on standard error, when it begins
/// and when it ends.
enum OperationTrace {
  /// Listens if the environment says so.
  static func start() {
    guard let told = getenv("BROOD_TRACE") else { return }
    let areas = String(cString: told).split(separator: ",")
    guard areas.contains("channel") else { return }
    OperationPoint.listener = { event in write(event) }
  }

  private static func write(_ event: OperationPoint.Event) {
    let session = Session.current
    let name = Channel.name(of: event.object) ?? "\(event.object.number)"
    let place = session.interpreter?.activePlace.map { " at \($0.source.name):\($0.line)" } ?? ""
    let step = event.isBefore ? "begins" : "ends"
    Session.say("trace: \(Process.pid) \(event.verb.name) \(name) \(step)\(place)")
  }
}
