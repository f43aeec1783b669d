import Glibc

/// A set of redirections of this process, for a built-in or a block: applied, then undone.
///
/// The originals are kept in the private range, so children that are forked meanwhile do not
/// hold them open.
public final class Redirections {
  private var saved: [(target: Int32, original: Int32?)] = []

  /// Makes an empty set.
  public init() {}

  /// Makes `target` a copy of `fd`, remembering what `target` was (dup2(2)).
  public func redirect(_ target: Int32, to fd: Int32) throws(SystemError) {
    if fd == target { return }
    if !saved.contains(where: { $0.target == target }) {
      let original = Descriptors.isOpen(target) ? try Descriptors.privateCopy(of: target) : nil
      saved.append((target, original))
    }
    try Descriptors.copy(fd, onto: target)
  }

  /// Puts everything back, last first.
  public func undo() {
    while let (target, original) = saved.popLast() {
      guard let original else {
        Descriptors.close(target)
        continue
      }
      _ = dup2(original, target)
      Descriptors.close(original)
    }
  }

  /// Keeps the redirections for good (before an exec).
  public func keep() {
    for entry in saved { Descriptors.close(entry.original ?? -1) }
    saved = []
  }

  /// In a forked child: the saved originals were private and are closed; what holds stays.
  public func forgetAfterFork() { saved = [] }
}
