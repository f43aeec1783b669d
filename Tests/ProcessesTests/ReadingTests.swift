import Glibc
import Posix
import Testing

@testable import Processes

extension DescriptorFacts {
  fileprivate init(text: String) {
    self = Array(text.utf8).withUnsafeBytes(DescriptorFacts.init(lines:))
  }
}

/// What the texts of /proc say, without any process.
@Suite struct ReadingTests {
  @Test func epollNamesWhatItWatches() {
    let facts = DescriptorFacts(
      text: """
        pos:\t0
        flags:\t02
        mnt_id:\t15
        ino:\t1057
        tfd:        5 events:       19 data:                5  pos:0 ino:1f sdev:9
        tfd:        7 events:        4 data:                7  pos:0 ino:20 sdev:9
        """)
    #expect(
      facts.watched == [
        .init(descriptor: 5, wantsInput: true, wantsRoom: false, inode: 0x1f),
        .init(descriptor: 7, wantsInput: false, wantsRoom: true, inode: 0x20),
      ])
    #expect(facts.flags == 2)
  }

  @Test func descriptorsOfOneKindTellWhatTheyAre() {
    let event = DescriptorFacts(text: "eventfd-count:               1f\neventfd-id: 12\n")
    #expect(event.eventID == 12 && event.eventCount == 0x1f)
    #expect(DescriptorFacts(text: "Pid:\t4711\nNSpid:\t4711\n").process == 4711)
    #expect(DescriptorFacts(text: "Pid:\t-1\nNSpid:\t0\n").process == -1)
    #expect(DescriptorFacts(text: "Pid:\t99999999999\nflags: 9\n").process == nil)
    #expect(DescriptorFacts(text: "sigmask:\t0000000000000201\n").signals == [1, 10])
    let timer = DescriptorFacts(
      text: "clockid: 1\nticks: 0\nit_value: (2, 500000000)\nit_interval: (0, 0)\n")
    #expect(timer.timeLeft == 2_500_000_000)
    #expect(DescriptorFacts(text: "scm_fds: 3\n").inFlight == 3)
    let file = DescriptorFacts(
      text: "flags:\t0100002\nlock:\t1: FLOCK  ADVISORY  WRITE 4711 00:1f:77 0 EOF\n")
    #expect(file.locks == [.init(style: "FLOCK", pid: 4711)])
    let open = DescriptorFacts(
      text: "lock:\t1: OFDLCK ADVISORY  READ -1 00:1f:77 0 EOF\nlock: 1:\n")
    #expect(open.locks == [.init(style: "OFDLCK", pid: -1)])
  }

  @Test func locksAndTheirWaiters() throws {
    let lines: [Substring] = [
      "1: FLOCK  ADVISORY  WRITE 4711 08:01:77 0 EOF",
      "1: -> FLOCK  ADVISORY  WRITE 4712 08:01:77 0 EOF",
      "2: POSIX  ADVISORY  READ  4713 00:2d:9 10 19",
      "3: OFDLCK ADVISORY  WRITE -1 00:2d:9 0 EOF",
    ]
    let locks = try lines.map { try #require(FileLock(line: $0)) }
    #expect(locks.map(\.pid) == [4711, 4712, 4713, -1])
    #expect(locks.map(\.style) == [.whole, .whole, .record, .open])
    #expect(locks.map(\.isWaiting) == [false, true, false, false])
    #expect(locks.map(\.isExclusive) == [true, true, false, true])
    #expect(locks.map(\.inode) == [77, 77, 9, 9] && locks[2].device == "00:2d")
    #expect(locks[2].range == (10, 19) && locks[3].range.last == nil)
    for bad in ["", "1:", "x: FLOCK ADVISORY WRITE 1 0:0:1 0 EOF", "1: FLOCK ADVISORY WRITE"] {
      #expect(FileLock(line: bad[...]) == nil)
    }
  }

  @Test func callsSayWhatIsAwaited() {
    let files = ProcFiles(hiding: .memory)
    func decoded(_ name: String, _ arguments: UInt64...) -> Sleep {
      files.sleep(
        of: getpid(), in: SystemCall(name: name, arguments: arguments))
    }
    #expect(decoded("read", 3).awaited == .input(3))
    #expect(decoded("write", 1).awaited == .room(1))
    #expect(decoded("wait4", 0xffff_ffff).awaited == .child(.any))
    #expect(decoded("wait4", 42).awaited == .child(.one(42)))
    #expect(decoded("wait4", UInt64(bitPattern: -42)).awaited == .child(.group(42)))
    #expect(decoded("waitid", 3, 5).awaited == .child(.descriptor(5)))
    #expect(decoded("fcntl", 4, UInt64(F_SETLKW)).awaited == .lock(descriptor: 4, style: .record))
    #expect(decoded("fcntl", 4, UInt64(F_GETFL)).awaited == .other)
    #expect(decoded("epoll_wait", 4, 0, 1, 100).limit == .lasting(100_000_000))
    #expect(decoded("poll", 0, 0, 0xffff_ffff).awaited == .events([]))
    // What cannot be read is not guessed.
    #expect(decoded("poll", 0x1000, 2, 0xffff_ffff).awaited == .other)
    #expect(decoded("nanosleep", 0x1000).limit == .unknown)
    // FUTEX_WAIT_PRIVATE, FUTEX_WAIT_BITSET of shared memory, FUTEX_LOCK_PI, and a wake.
    #expect(
      decoded("futex", 64, 128, 2).awaited
        == .futex(.init(address: 64, isPrivate: true, expected: 2, namesHolder: false)))
    #expect(
      decoded("futex", 64, 9, 0).awaited
        == .futex(.init(address: 64, isPrivate: false, expected: 0, namesHolder: false)))
    #expect(
      decoded("futex", 64, 6, 0).awaited
        == .futex(.init(address: 64, isPrivate: false, expected: nil, namesHolder: true)))
    #expect(decoded("futex", 64, 1).awaited == .other)
  }

  /// This very process's pipe, memory and calls.
  @Test func thisProcess() throws {
    let files = ProcFiles()
    #expect(files.isOwn)
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    defer { ends.forEach { close($0) } }
    let table = try #require(files.descriptors(of: getpid()).value)
    let reader = try #require(table.first { $0.number == ends[0] })
    let writer = try #require(table.first { $0.number == ends[1] })
    #expect(reader.kind == .pipe && reader.isReadable && !reader.isWritable)
    #expect(writer.kind == .pipe && !writer.isReadable && writer.isWritable)
    #expect(reader.file == writer.file)
    let value: UInt32 = 0x1234_5678
    withUnsafePointer(to: value) {
      #expect(files.word(getpid(), at: UInt64(UInt(bitPattern: $0))) == value)
    }
    let sight = try #require(files.sight(of: getpid()).value)
    #expect(sight.stat.pid == getpid() && sight.user == getuid())
    #expect(sight.switches != nil)
  }

  @Test func socketsKnowTheirPeers() throws {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    defer { ends.forEach { close($0) } }
    let files = ProcFiles()
    let table = try #require(files.descriptors(of: getpid()).value)
    let inodes = try ends.map { end in
      try #require(table.first { $0.number == end }).file.inode
    }
    let sockets = try #require(files.unixSockets().value)
    #expect(sockets[inodes[0]]?.peer == inodes[1])
    #expect(sockets[inodes[1]]?.peer == inodes[0])
  }

  @Test func anEndIsNoLackOfRights() {
    let files = ProcFiles()
    if case .ended = files.sight(of: 0x3fff_fff0) {} else { Issue.record("a missing process") }
    let hiding = ProcFiles(hiding: [.call, .descriptors])
    #expect(hiding.activity(of: getpid()) == .hidden)
    #expect(hiding.descriptors(of: getpid()).isHidden)
  }
}
