import Glibc
import Posix

/// The jobserver of a make(1) above this process: a pipe with a token for each job that may run
/// beside the first one of each of its users.
///
/// Tokens are moved by splice(2) between that pipe and one of this process, so that each is in one
/// of them at any moment, whatever is killed. make's descriptors are shared with all its children:
/// their flags are never changed, and only what is there is taken, without a wait.
public final class JobServer {
  /// What there is of one.
  public enum Search {
    case none
    /// It is named, but its descriptors are closed, as in a recipe without `+`.
    case closed
    case open(JobServer)
  }

  /// Readable when there may be a token.
  public let home: Int32
  private let homeWriting: Int32
  private let pipe: (read: Int32, write: Int32)
  /// In a child of this process the numbers may be those of others.
  private let owner = getpid()

  private init(
    _ home: consuming OwnedDescriptor, writing homeWriting: consuming OwnedDescriptor
  ) throws(SystemError) {
    let (reading, writing) = try Descriptors.pipe()
    let write = OwnedDescriptor(writing)
    let read = try OwnedDescriptor(reading).makePrivate()
    let privateWrite = try write.makePrivate()
    pipe = (read.release(), privateWrite.release())
    self.home = home.release()
    self.homeWriting = homeWriting.release()
  }

  deinit {
    if owner != getpid() { return }
    for fd in [home, homeWriting, pipe.read, pipe.write] { Descriptors.close(fd) }
  }

  /// The jobserver that a value of MAKEFLAGS names.
  ///
  /// Throws EMFILE where there are no descriptors left for it.
  public static func search(makeflags: String) throws(SystemError) -> Search {
    guard let name = name(in: makeflags) else { return .none }
    guard let (read, write) = descriptors(name) else { return .closed }
    let writing = OwnedDescriptor(write)
    let home = try OwnedDescriptor(read).makePrivate()
    return .open(try JobServer(home, writing: try writing.makePrivate()))
  }

  /// `3,4` or `fifo:PATH`: the last one counts, and what stands behind `--` are variables.
  static func name(in makeflags: String) -> String? {
    var name: String?
    for word in words(makeflags) {
      if word == "--" { break }
      for flag in ["--jobserver-auth=", "--jobserver-fds="] where word.hasPrefix(flag) {
        name = String(word.dropFirst(flag.count))
      }
    }
    return name
  }

  /// Words between blanks, in which a backslash quotes.
  private static func words(_ text: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    for character in text {
      if isQuoted || character != "\\" && character != " " {
        word.append(character)
        isQuoted = false
      } else if character == "\\" {
        isQuoted = true
      } else if !word.isEmpty {
        words.append(word)
        word = ""
      }
    }
    return word.isEmpty ? words : words + [word]
  }

  /// Copies of both ends, or of a fifo both ends of one's own; nil where it is out of reach.
  private static func descriptors(_ name: String) -> (read: Int32, write: Int32)? {
    if name.hasPrefix("fifo:") {
      let path = String(name.dropFirst(5))
      guard let status = try? FileStatus(path), status.kind == .fifo,
        let read = try? Descriptors.open(path, O_RDONLY | O_NONBLOCK)
      else { return nil }
      guard let write = try? Descriptors.open(path, O_WRONLY | O_NONBLOCK) else {
        Descriptors.close(read)
        return nil
      }
      return (read, write)
    }
    let numbers = name.split(separator: ",").map { Int32($0) }
    guard numbers.count == 2, let read = numbers[0], let write = numbers[1], read >= 0, write >= 0,
      let first = try? FileStatus(descriptor: read),
      let second = try? FileStatus(descriptor: write),
      first.kind == .fifo, second.kind == .fifo, first.inode == second.inode,
      first.device == second.device, mode(read) != O_WRONLY, mode(write) != O_RDONLY,
      let copy = try? Descriptors.privateCopy(of: read)
    else { return nil }
    guard let other = try? Descriptors.privateCopy(of: write) else {
      Descriptors.close(copy)
      return nil
    }
    return (copy, other)
  }

  private static func mode(_ fd: Int32) -> Int32 { fcntl(fd, F_GETFL) & O_ACCMODE }

  /// Guardians that are started from now on give back what this process has when it is killed.
  public func isHeldByGuardians() { Guardian.hold(tokens: pipe.read, home: homeWriting) }

  /// Takes a token, if there is one now.
  public func take() -> Bool {
    // The pipe holds far more than there are tokens, so only the other one can be empty.
    ((try? OutputPipe.move(home, to: pipe.write, atMost: 1)) ?? 0) > 0
  }

  /// Gives so many back.
  public func giveBack(_ count: Int) {
    var count = count
    while count > 0 {
      guard let moved = try? OutputPipe.move(pipe.read, to: homeWriting, atMost: count), moved > 0
      else { return }
      count -= moved
    }
  }

  /// Gives all back that this process has.
  public func giveBackAll() { giveBack(.max) }
}
