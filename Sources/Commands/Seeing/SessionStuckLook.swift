import Posix
import Seeing
import Session
import Waits

/// A look at the processes of a session by one of them, for an unasked report.
final class SessionStuckLook: StuckLook {
  private let survey: Survey
  private let looks: Looks
  private let session: Session

  /// Looks for the first time.
  ///
  /// - Parameter ownSleep: the descriptors on which this process sleeps.
  init(_ session: Session, _ pids: [Int32], ownSleep: [Int32]) {
    self.session = session
    looks = Looks(session)
    survey = Survey(
      beginningWith: pids, files: looks.files, reader: looks.reader, ownSleep: ownSleep)
  }

  func finish() -> [StuckReport] {
    survey.finish()
    if survey.isBlind { return [] }
    looks.name(survey, session)
    // A script's reader types in another shell.
    let reader = session.isInteractive ? Reader(pid: Process.pid) : .outside
    let explainer = Explainer(survey, reader: reader)
    let graph = explainer.graph
    return explainer.sets.map { set in
      StuckReport(
        core: set.core, followers: set.followers, cycle: set.cycle, verdict: set.verdict,
        since: set.core.compactMap { graph.processes[$0]?.sleep?.since }.max() ?? 0,
        areAllStopped: set.processes.allSatisfy { graph.processes[$0]?.state == .stopped },
        text: explainer.explain(set).text)
    }
  }
}
