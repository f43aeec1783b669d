import Channels
import Language
import Posix
import Session

/// Whole values through pipes.
extension PipeTarget {
  /// Sends a value, waiting while the pipe is full.
  func send(_ value: Value, _ wait: Wait) throws {
    let codec = handle.session.codec
    try work("send through") { pipe in
      try codec.sending(
        value,
        whole: { bytes, descriptors in
          try pipe.send(
            bytes, descriptors: descriptors, from: end, watchesPeers: !isNamed, wait)
        },
        inPieces: { size in
          try pipe.send(count: size, from: end, watchesPeers: !isNamed, wait) { sink in
            try codec.write(value, to: sink)
          }
        })
    }
  }

  /// Receives a value, waiting for it.
  func receive(_ wait: Wait) throws -> Value {
    let codec = handle.session.codec
    return try work("receive from") { pipe in
      try pipe.receive(at: end, watchesPeers: !isNamed, wait) { message in
        if let bytes = message.bytes { return try codec.value(bytes, message.descriptors) }
        var offset = 0
        return try codec.value(count: message.count, message.descriptors[...]) { buffer in
          let count = try message.read(into: buffer, at: offset)
          offset += count
          return count
        }
      }
    }
  }
}

/// Bytes through raw pipes.
extension PipeTarget {
  /// Writes all bytes; what is larger than PIPE_BUF (4096) may be mixed with others' (pipe(7)).
  func write(_ bytes: UnsafeRawBufferPointer, _ wait: Wait) throws {
    try work("write to") { pipe in
      let fd = try pipe.descriptor(end)
      var rest = bytes
      defer { WaitNote.end() }
      while !rest.isEmpty {
        do throws(SystemError) {
          if let count = try Transfer.writeNow(fd, rest) {
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            WaitNote.end()
            continue
          }
        } catch {
          if error.name == "EPIPE" { throw ChannelError.closed }
          throw error
        }
        try pipe.sleepUntilWritable(end, !isNamed, wait)
      }
    }
  }

  /// Reads what is there, at most `most` bytes, waiting for the first; empty at the end of the file.
  ///
  /// - Parameter hasSome: whether something was read before: then it is the end, too, if no peer is
  ///   left who could write.
  func readSome(
    _ most: Int, _ pipe: Pipe, _ wait: Wait, hasSome: Bool = false
  ) throws -> [UInt8] {
    let fd = try pipe.descriptor(end)
    let chunk = min(most, 65536)
    defer { WaitNote.end() }
    while true {
      var count: Int?
      let bytes = try [UInt8](unsafeUninitializedCapacity: chunk) { buffer, used in
        count = try Transfer.readNow(fd, into: UnsafeMutableRawBufferPointer(buffer))
        used = count ?? 0
      }
      if count != nil { return bytes }
      do {
        try pipe.sleepUntilReadable(end, !isNamed, wait)
      } catch ChannelError.abandoned where hasSome {
        return []
      } catch ChannelError.peerDied where hasSome {
        return []
      }
    }
  }

  /// Reads a line without its end, byte by byte, since what follows may be for another reader; nil
  /// at the end of the file.
  func readLine(_ wait: Wait) throws -> [UInt8]? {
    try work("read from") { pipe in
      var line: [UInt8] = []
      while true {
        let byte = try readSome(1, pipe, wait, hasSome: !line.isEmpty)
        if byte.isEmpty { return line.isEmpty ? nil : line }
        if byte[0] == UInt8(ascii: "\n") { return line }
        line.append(byte[0])
      }
    }
  }

  /// Reads `count` bytes, fewer only at the end of the file; what is there if `count` is nil.
  func read(_ count: Int?, _ wait: Wait) throws -> [UInt8] {
    try work("read from") { pipe in
      guard let count else { return try readSome(65536, pipe, wait) }
      var result: [UInt8] = []
      while result.count < count {
        let more = try readSome(
          count - result.count, pipe, wait, hasSome: !result.isEmpty)
        if more.isEmpty { break }
        result += more
      }
      return result
    }
  }
}
