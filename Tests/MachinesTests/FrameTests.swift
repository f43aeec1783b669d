import Testing

@testable import Machines

/// A small generator, so that a failure comes again.
struct Dice: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Streams of frames, whole and broken.
@Suite struct FrameTests {
  static var greeting: FarMessage {
    var hello = Hello()
    hello.program = "0.6.0"
    hello.host = "node1"
    hello.cpus = 4
    return hello.message
  }

  static let messages: [FarMessage] = [
    greeting, FarMessage(.ping), FarMessage(.task, 7, Array("some work".utf8)),
    FarMessage(.result, .max, []), FarMessage(.output, 9, (0...255).map { UInt8($0) }),
  ]

  static var stream: [UInt8] { messages.flatMap { Frame.frames(of: $0) }.flatMap { $0 } }

  /// All messages of some pieces, and how it ended.
  private func read(
    _ pieces: [[UInt8]], most: Int = Frame.mostMessage
  ) -> (messages: [FarMessage], failure: FrameReader.Failure?, reader: FrameReader) {
    var reader = FrameReader(mostMessage: most)
    var messages: [FarMessage] = []
    for piece in pieces {
      reader.feed(piece)
      do throws(FrameReader.Failure) {
        while let message = try reader.next() { messages.append(message) }
      } catch {
        return (messages, error, reader)
      }
    }
    return (messages, nil, reader)
  }

  @Test func theChecksumIsThatOfTheStandard() {
    #expect(Checksum.of(Array("123456789".utf8)) == 0xE306_9283)
    #expect(Checksum.of([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
  }

  @Test func aStreamMayBeCutAtEachByte() {
    let stream = FrameTests.stream
    for cut in 0...stream.count {
      let result = read([Array(stream[..<cut]), Array(stream[cut...])])
      #expect(result.messages == FrameTests.messages)
      #expect(result.failure == nil && !result.reader.hasRest)
    }
    #expect(read(stream.map { [$0] }).messages == FrameTests.messages)
  }

  @Test func whatEndsEarlyYieldsOnlyWhatIsWhole() {
    let stream = FrameTests.stream
    for end in 0..<stream.count {
      let result = read([Array(stream[..<end])])
      #expect(result.failure == nil)
      #expect(FrameTests.messages.starts(with: result.messages))
      #expect(result.messages.count < FrameTests.messages.count)
    }
  }

  @Test func greetingsOfOthersAreSkipped() {
    var dice = Dice(state: 1)
    for round in 0..<200 {
      var noise: [UInt8] = (0..<Int.random(in: 0...300, using: &dice)).map { _ in
        // Often a part of the magic.
        Bool.random(using: &dice)
          ? Frame.magic[Int.random(in: 0..<4, using: &dice)]
          : UInt8.random(in: 0...255, using: &dice)
      }
      if round % 3 == 0 { noise += Frame.magic + [1, 0, 0, 0, 1, 2, 3, 4, 99] }
      let result = read([noise, FrameTests.stream])
      // A false head may announce more than comes, and is waited for then.
      if result.messages.isEmpty { continue }
      #expect(result.messages == FrameTests.messages && result.failure == nil)
    }
    let motd = Array("Welcome to node1!\r\nLast login: never\n".utf8)
    let result = read([motd, FrameTests.stream])
    #expect(result.messages == FrameTests.messages)
    #expect(result.reader.skipped == motd)
  }

  @Test func eachDamagedByteIsFound() {
    let stream = FrameTests.stream
    let first = Frame.frames(of: FrameTests.greeting)[0].count
    for place in stream.indices {
      var damaged = stream
      damaged[place] ^= 1 << UInt8(place % 8)
      let result = read([damaged])
      let whole = FrameTests.messages.starts(with: result.messages)
      #expect(place < first || whole)
      #expect(result.messages != FrameTests.messages)
      if place >= first, result.failure == nil {
        // Only a length that says more than there is has to be waited for.
        #expect(result.reader.hasRest)
      }
    }
  }

  @Test func whatComesBetweenFramesIsGarbage() {
    for text in ["x", "stray output\n", "\u{0}"] {
      let result = read([
        Frame.frames(of: FrameTests.greeting)[0], Array(text.utf8),
        Frame.frames(of: FarMessage(.ping))[0],
      ])
      #expect(result.messages == [FrameTests.greeting] && result.failure == .garbage)
    }
  }

  @Test func aFailureStays() {
    var reader = FrameReader()
    reader.feed(Frame.frames(of: FrameTests.greeting)[0] + [1, 2, 3, 4])
    #expect(throws: Never.self) { try reader.next() }
    for _ in 0..<3 {
      reader.feed(Frame.frames(of: FarMessage(.ping))[0])
      #expect(throws: FrameReader.Failure.garbage) { try reader.next() }
    }
  }

  @Test(arguments: [0, 1, Frame.mostPayload, Frame.mostPayload + 1, 300_000])
  func largeMessagesComeInParts(_ size: Int) {
    let large = FarMessage(.task, 3, (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    let frames = Frame.frames(of: large)
    #expect(frames.allSatisfy { $0.count <= Frame.mostBytes })
    // What steers stands between the parts.
    let mixed = frames.flatMap { Frame.frames(of: FarMessage(.ping, 1)) + [$0] }
    let result = read([Frame.frames(of: FrameTests.greeting)[0]] + mixed)
    #expect(result.messages.filter { $0.kind == .task } == [large])
    #expect(result.messages.count == frames.count + 2 && result.failure == nil)
  }

  @Test func aMessageHasABound() {
    let large = FarMessage(.task, 3, [UInt8](repeating: 1, count: 200_000))
    let result = read(
      Frame.frames(of: FrameTests.greeting) + Frame.frames(of: large), most: 100_000)
    #expect(result.messages == [FrameTests.greeting] && result.failure == .tooLarge)
  }

  @Test func twoMessagesInPartsAtATimeAreGarbage() {
    let (a, b) = (
      Frame.frames(of: FarMessage(.task, 1, [UInt8](repeating: 1, count: 70_000))),
      Frame.frames(of: FarMessage(.task, 2, [UInt8](repeating: 1, count: 70_000)))
    )
    #expect(read([FrameTests.stream, a[0], b[0]]).failure == .garbage)
  }

  @Test func aTerminalThatChangesBytesIsNamed() {
    let stream = Frame.frames(of: FrameTests.greeting)[0]
    let terminal = stream.flatMap { $0 == 10 ? [13, 10] : [$0] }
    let result = read([terminal])
    #expect(result.messages.isEmpty && result.failure == .changed(10, 13))
    // One that swallows a byte: the greeting never gets whole, and it is asked then.
    let without = read([stream.filter { $0 != 0x11 }])
    #expect(without.failure == nil && without.reader.change == .changed(0x11, 0x12))
  }

  @Test func endlessTextIsNotReadForEver() {
    let result = read((0..<200).map { _ in [UInt8](repeating: 0x61, count: 10_000) })
    #expect(result.failure == .noFrame)
    #expect(result.reader.skipped.count <= 2048)
  }

  @Test func randomBytesAreNeverMessages() {
    var dice = Dice(state: 2)
    for _ in 0..<300 {
      let bytes = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &dice) }
      #expect(read([bytes]).messages.isEmpty)
      #expect(read([FrameTests.stream, bytes]).messages == FrameTests.messages)
    }
  }

  @Test func whatSteersOvertakesWhatCarriesMuchButNoFrame() {
    var queue = FrameQueue()
    let large = FarMessage(.task, 3, [UInt8](repeating: 5, count: 200_000))
    queue.add(FrameTests.greeting)
    queue.add(large)
    var sent: [UInt8] = []
    var room = 70_000
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
      let count = min(room, bytes.count, 999)
      room -= count
      sent += bytes.prefix(count)
      return count
    }
    queue.drain(write)
    #expect(!queue.isBetweenFrames)
    queue.add(FarMessage(.ping))
    room = .max
    queue.drain(write)
    #expect(queue.isBetweenFrames && queue.count == 0)
    #expect(read([sent]).messages == [FrameTests.greeting, FarMessage(.ping), large])
    let frames = Frame.frames(of: large).count
    #expect(frames == 4)
  }

  @Test func fieldsComeAsTheyWere() throws {
    var writer = FieldWriter()
    writer.add(Int64(-5))
    writer.add("näme")
    writer.add(["a", "", "c"])
    writer.add(true)
    var reader = FieldReader(writer.bytes)
    #expect(try reader.number(Int64.self) == -5)
    #expect(try reader.text() == "näme")
    #expect(try reader.texts() == ["a", "", "c"])
    #expect(try reader.flag())
    #expect(reader.rest.isEmpty)
    for end in writer.bytes.indices {
      var short = FieldReader(Array(writer.bytes[..<end]))
      #expect(throws: FieldReader.Malformed.self) {
        _ = try short.number(Int64.self)
        _ = try short.text()
        _ = try short.texts()
        _ = try short.flag()
      }
    }
    var greedy = FieldReader([255, 255, 255, 255, 1])
    #expect(throws: FieldReader.Malformed.self) { try greedy.texts() }
  }

  @Test func greetingsAreChecked() throws {
    var hello = Hello()
    hello.host = "a"
    hello.cpus = 3
    #expect(try Hello(hello.message) == hello)
    hello.version = 99
    #expect(try Hello(hello.message).version == 99)
    #expect(throws: FieldReader.Malformed.self) { try Hello(FarMessage(.hello, 0, [1, 2])) }
    hello.version = Frame.version
    hello.cpus = 0
    #expect(throws: FieldReader.Malformed.self) { try Hello(hello.message) }
    var settings = AgentSettings()
    settings.directory = "/tmp"
    settings.environment = ["LANG=C"]
    #expect(try AgentSettings(settings.message) == settings)
  }
}
