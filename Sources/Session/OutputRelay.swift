import Glibc
import Posix

/// The process between a service and where its output goes: `brood --relay`.
///
/// It hands everything on as it comes, and tells when a line of it holds a text. It ends with the
/// output, or with the service, when what was written by then is handed on. As it is a program of
/// its own, it has nothing of the session that makes it.
public enum OutputRelay {
  /// The first word of its command line; how many streams it has, and the text follow.
  public static let word = "--relay"

  /// What it finds at which number; 1 and 2 are where the output goes.
  public static let output: Int32 = 0
  public static let error: Int32 = 3
  /// Written to when the text was seen, and closed at the end.
  public static let notice: Int32 = 4
  /// The service.
  public static let process: Int32 = 5

  private struct Stream {
    let from: Int32
    let to: Int32
    /// The end of what was looked at, in which a text may begin.
    var tail: [UInt8] = []
  }

  /// Runs to the end of the process.
  public static func run(_ words: [String]) -> Never {
    // The service decides what comes of these.
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] { signal(number, SIG_IGN) }
    var text = Array((words.last ?? "").utf8)
    var streams = [Stream(from: output, to: 1)]
    if words.first == "2" { streams.append(Stream(from: error, to: 2)) }
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while !streams.isEmpty {
      var polls = streams.map { pollfd(fd: $0.from, events: Int16(POLLIN), revents: 0) }
      polls.append(pollfd(fd: process, events: Int16(POLLIN), revents: 0))
      if poll(&polls, nfds_t(polls.count), -1) < 0 {
        if errno == EINTR { continue }
        break
      }
      let hasEnded = polls[polls.count - 1].revents != 0
      if hasEnded { for stream in streams { try? Descriptors.setNonBlocking(stream.from, true) } }
      for index in streams.indices.reversed() where hasEnded || polls[index].revents != 0 {
        repeat {
          if !pass(&streams[index], &buffer, &text) {
            Descriptors.close(streams[index].from)
            streams.remove(at: index)
            break
          }
        } while hasEnded
      }
    }
    Process.exitNow(0)
  }

  /// Hands on what has come; false at the end, and where nothing can take it any more.
  private static func pass(
    _ stream: inout Stream, _ buffer: inout [UInt8], _ text: inout [UInt8]
  ) -> Bool {
    let size = buffer.count
    let count = read(stream.from, &buffer, size)
    if count < 0, errno == EINTR { return true }
    guard count > 0 else { return false }
    var place = 0
    while place < count {
      let written = buffer[place..<count].withUnsafeBytes { rest in
        write(stream.to, rest.baseAddress, rest.count)
      }
      if written > 0 {
        place += written
      } else if errno == EAGAIN {
        var room = pollfd(fd: stream.to, events: Int16(POLLOUT), revents: 0)
        _ = poll(&room, 1, -1)
      } else if errno != EINTR {
        return false
      }
    }
    if !text.isEmpty { look(at: buffer[..<count], &stream.tail, &text) }
    return true
  }

  private static func look(
    at bytes: ArraySlice<UInt8>, _ tail: inout [UInt8], _ text: inout [UInt8]
  ) {
    let all = tail + bytes
    let isThere = holds(all, text)
    guard isThere else {
      tail = Array(all.suffix(text.count - 1))
      return
    }
    text = []
    _ = write(notice, "1", 1)
    Descriptors.close(notice)
  }

  /// Whether a text is in some bytes.
  private static func holds(_ bytes: [UInt8], _ text: [UInt8]) -> Bool {
    guard let first = text.first else { return false }
    return bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return false }
      var place = 0
      while place + text.count <= bytes.count,
        let found = memchr(base + place, Int32(first), bytes.count - place - text.count + 1)
      {
        if memcmp(found, text, text.count) == 0 { return true }
        place = UnsafeRawPointer(found) - base + 1
      }
      return false
    }
  }
}
