import TestSupport
import Testing

/// Values of every size around every limit arrive as they were sent, whatever carries them.
@Suite("Sizes of messages", .serialized)
struct MessageSizeTests {
  /// A way for a value to another place and back, as two functions and what they need.
  ///
  /// `there` is given a value and yields what has come.
  enum Way: String, CaseIterable, CustomTestStringConvertible {
    case duplex, simplex, selectedPipe, rawPipe, queue, queueMany, queueLease, queueItems
    case selectedQueue, queuePeek, socket, fork, poolTask, poolResult, poolCaptured, poolMap

    var testDescription: String { rawValue }

    var script: String {
      switch self {
      case .duplex: "pipe new p\nfn there(v) { pipe send p.a $v; pipe recv p.b --timeout 10s }"
      case .simplex:
        "pipe new p --simplex\nfn there(v) { pipe send p.w $v; pipe recv p.r --timeout 10s }"
      case .selectedPipe:
        "pipe new p\nfn there(v) { pipe send p.a $v; select { pipe p.b { |v| $v } } }"
      case .rawPipe:
        """
        pipe new p --raw
        fn there(v) {
          let text = json-text $v
          let size = len (bytes $text)
          let child = fork { pipe write p.w $text }
          let came = pipe read p.r --bytes $size --timeout 10s
          wait $child
          json-parse $came
        }
        """
      case .queue: "queue new q\nfn there(v) { queue put q $v; queue get q --timeout 10s }"
      case .queueMany:
        """
        queue new q
        fn there(v) {
          queue put-many q [before, $v, after]
          let came = queue get-many q 3
          if [$came[0], $came[2]] != [before, after] { throw "the neighbours have changed" }
          $came[1]
        }
        """
      case .queueLease:
        """
        queue new q
        fn there(v) {
          queue put q $v
          queue get q --lease 1m
          queue nack q
          let came = queue get q --lease 1m
          queue ack q
          $came
        }
        """
      case .queueItems:
        """
        queue new q
        fn there(v) { queue put q $v; for came in (queue items q) { return $came } }
        """
      case .selectedQueue:
        "queue new q\nfn there(v) { queue put q $v; select { queue q { |v| $v } } }"
      case .queuePeek:
        "queue new q\nfn there(v) { queue put q $v; let came = queue peek q; queue get q; $came }"
      case .socket:
        """
        socket listen s unix:@brood-sizes-$pid
        fork --daemon { let c = socket accept s; while true { socket send $c (socket recv $c) } }
        let c = socket connect unix:@brood-sizes-$pid
        fn there(v) { socket send $c $v; socket recv $c --timeout 10s }
        """
      case .fork: "fn there(v) { (wait (fork { $v })).value }"
      case .poolTask:
        """
        queue new q
        pool new 1
        fn there(v) { pool apply { |v| queue put q $v } $v; queue get q }
        """
      case .poolResult: "pool new 1\nfn there(v) { pool apply { |v| $v } $v }"
      case .poolCaptured: "pool new 1\nfn there(v) { pool apply { $v } }"
      case .poolMap:
        """
        pool new 1
        fn there(v) {
          let came = pool map { |v| $v } [before, $v, after]
          if [$came[0], $came[2]] != [before, after] { throw "the neighbours have changed" }
          $came[1]
        }
        """
      }
    }
  }

  /// Where something else begins: what is copied at once, packets, frames, segments, a batch, a
  /// chain's turn, blocks, memory files.
  private static let limits = [
    4096, 32_768, 48 << 10, 60 << 10, 65_472, 65_512, 65_528, 65_536, 131_072, 1 << 18, 1 << 20,
    2 << 20, 2 << 20 + 4096,
  ]

  private static func sizes(_ random: inout some RandomNumberGenerator) -> [Int] {
    var result = [0, 1, 31, 32, 255, 256]
    for limit in limits {
      let isSmall = limit < 1 << 17
      let count = Program.runsLongTests ? (isSmall ? 200 : 40) : isSmall ? 8 : 3
      result += (0..<count).map { _ in limit + Int.random(in: -80...80, using: &random) }
    }
    // All of them between the largest frame of any kind and 64 KiB.
    result += stride(from: 65_440, through: 65_560, by: Program.runsLongTests ? 1 : 5)
    return result
  }

  @Test(arguments: Way.allCases) func everyValueArrives(_ way: Way) throws {
    let seed = UInt64.random(in: 1 ... .max)
    var random = Seeded(state: seed)
    let sizes = MessageSizeTests.sizes(&random)
    let script = """
      fn value(size, form) {
        if $form == 0 { return ("k" * $size) }
        if $form == 1 { return ["k" * ($size // 2), "l" * ($size - $size // 2)] }
        if $form == 2 { return [text: "k" * $size, size: $size] }
        if $form == 3 { return ("ä" * ($size // 2)) }
        map 1..($size // 3) { |i| 1000 + $i }
      }
      \(way.script)
      for i, size in \(sizes) {
        # Many numbers take too long where there is so much of them.
        let form = $i % (if $size > 200000 { 4 } else { 5 })
        let sent = value $size $form
        try {
          if (there $sent) != $sent { print "size $size, form $form: it has changed" }
        } catch e { print "size $size, form $form:" $e.kind $e.message }
      }
      print done
      exit 0
      """
    let output = try runScript(script, within: .seconds(Program.runsLongTests ? 600 : 60))
    let told = "seed \(seed): \(output.standardOutput.prefix(2000))\(output.standardError)"
    #expect(output.standardOutput == "done\n", "\(told)")
  }
}

/// Numbers that come again for the same seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
