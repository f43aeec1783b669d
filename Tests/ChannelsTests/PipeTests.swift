import Glibc
import Posix
import Testing

@testable import Channels

extension ChannelsTests {
  /// Messages of pipes within one process: what lies in packets, lent blocks and memfds.
  @Suite("Pipe", .serialized) struct PipeTests {
    private let forever = Wait(PollSleeper())
    private let now = Wait.not(PollSleeper())

    private func send(_ pipe: Pipe, _ message: [UInt8], _ wait: Wait? = nil) throws {
      try message.withUnsafeBytes { bytes in
        if bytes.count < 65536 {
          return try pipe.send(bytes, from: .b, watchesPeers: false, wait ?? forever)
        }
        try pipe.send(count: bytes.count, from: .b, watchesPeers: false, wait ?? forever) { sink in
          // In uneven pieces, as an encoder hands them over.
          var rest = bytes[...]
          while !rest.isEmpty {
            let piece = rest.prefix(100_001)
            rest = rest.dropFirst(piece.count)
            try sink(UnsafeRawBufferPointer(rebasing: piece))
          }
          return []
        }
      }
    }

    private func receive(_ pipe: Pipe, _ wait: Wait? = nil) throws -> [UInt8] {
      try pipe.receive(at: .a, watchesPeers: false, wait ?? forever) { message in
        if let bytes = message.bytes { return Array(bytes) }
        var result = [UInt8](repeating: 0, count: try message.count)
        var done = 0
        while done < result.count {
          done += try result.withUnsafeMutableBytes {
            try message.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[done...]), at: done)
          }
        }
        return result
      }
    }

    private func message(_ size: Int, _ seed: Int) -> [UInt8] {
      (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8 &+ seed) }
    }

    @Test(arguments: [
      0, 1, 65_534, 65_535, 65_536, 1 << 20, PipeBlocks.blockSize, PipeBlocks.blockSize + 1,
    ]) func anySizeArrivesWhole(size: Int) throws {
      let pipe = try Pipe(.duplex)
      try send(pipe, message(size, 1))
      #expect(try receive(pipe) == message(size, 1))
    }

    @Test func moreThanThereAreBlocksComeInOrder() throws {
      let pipe = try Pipe(.simplex)
      for round in 0..<3 {
        let count = PipeBlocks.count + 3
        for i in 0..<count { try send(pipe, message(200_000 + i, round + i)) }
        for i in 0..<count {
          #expect(try receive(pipe) == message(200_000 + i, round + i))
        }
      }
      #expect(throws: ChannelError.self) { try receive(pipe, now) }
    }

    @Test func aBlockIsFreeWhenItsLastClaimIsClosed() throws {
      let pipe = try Pipe(.duplex)
      let claims = try (0..<PipeBlocks.count).map { _ in
        try #require(pipe.blocks.claim(100, mayWait: false))
      }
      #expect(Set(claims.map(\.index)).count == PipeBlocks.count)
      #expect(pipe.blocks.claim(100, mayWait: true) == nil)
      let copy = dup(claims[2].lease)
      pipe.blocks.release(claims[2].lease)
      #expect(pipe.blocks.claim(100, mayWait: false) == nil)
      close(copy)
      let again = try #require(claimSoon(pipe))
      #expect(again.index == claims[2].index)
      for claim in claims where claim.index != again.index { pipe.blocks.release(claim.lease) }
      pipe.blocks.release(again.lease)
    }

    @Test func whatNobodyReceivesFreesItsBlock() throws {
      let pipe = try Pipe(.duplex)
      for i in 0..<PipeBlocks.count { try send(pipe, message(100_000, i)) }
      #expect(pipe.blocks.claim(100, mayWait: false) == nil)
      _ = pipe.close(.a)
      let claim = try #require(claimSoon(pipe))
      pipe.blocks.release(claim.lease)
    }

    /// A program that another test starts has copies of all descriptors until its execve(2).
    private func claimSoon(_ pipe: Pipe) -> PipeBlocks.Claim? {
      let limit = ContinuousClock.now + .seconds(20)
      while ContinuousClock.now < limit {
        if let claim = pipe.blocks.claim(100, mayWait: false) { return claim }
        usleep(1000)
      }
      return nil
    }

    @Test func withoutWaitingNothingIsEmptyAndFullIsFull() throws {
      let pipe = try Pipe(.duplex)
      #expect(throws: ChannelError.self) { try receive(pipe, now) }
      var sent = 0
      do {
        while true {
          try send(pipe, message(60_000, sent), now)
          sent += 1
        }
      } catch ChannelError.full {}
      #expect(sent > 0)
      for i in 0..<sent { #expect(try receive(pipe, now) == message(60_000, i)) }
    }
  }
}
