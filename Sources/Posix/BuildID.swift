import CPosix

/// What scripts/build has the linker write into the program (ld(1), --build-id).
public enum BuildID {
  /// The commit, in seven digits, and whether the tree differed from it; nil for another build.
  public static var commit: (name: String, isModified: Bool)? {
    var start: UnsafePointer<UInt8>?
    let size = brood_build_id(&start)
    // A commit of git has 20 bytes; four more say whether the tree was as committed.
    guard let start, size == 24 else { return nil }
    let digits = Array("0123456789abcdef")
    var name = ""
    for index in 0..<4 {
      name.append(digits[Int(start[index] >> 4)])
      name.append(digits[Int(start[index] & 15)])
    }
    return (String(name.prefix(7)), start[23] != 0)
  }
}
