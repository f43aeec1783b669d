import CPosix
import Glibc

/// How the value of a forked block comes back: one message, which outlives the child.
///
/// Made before the fork; then `parentSide()` in the parent and `childSide()` in the child. The
/// child never blocks, and the parent reads when it waits, so there is no order to get wrong.
public struct ValueChannel {
  private static let inlineLimit = 65536
  private var parent: Int32
  private var child: Int32

  /// Makes the pair (socketpair(2), SOCK_SEQPACKET).
  public init() throws(SystemError) {
    let (first, second) = try Descriptors.messagePair()
    child = second
    do throws(SystemError) {
      parent = try Descriptors.makePrivate(first)
    } catch {
      Descriptors.close(second)
      throw error
    }
  }

  /// In the parent after the fork: closes the child's end.
  public mutating func parentSide() {
    Descriptors.close(child)
    child = -1
  }

  /// In the child: keeps its end from the child's own children.
  ///
  /// The other was closed by the fork.
  public mutating func childSide() throws(SystemError) {
    parent = -1
    child = try Descriptors.makePrivate(child)
  }

  /// In the child, at its end: sends the value once, as a sealed memfd above 64 KiB.
  ///
  /// Throws E2BIG for more than 252 descriptors, ENOSPC or ENOMEM if the memory is short.
  public mutating func send(
    _ bytes: UnsafeRawBufferPointer, descriptors: [Int32] = []
  ) throws(SystemError) {
    defer { close() }
    guard descriptors.count < Messages.mostDescriptors else {
      throw SystemError(call: "sendmsg", code: E2BIG, detail: "too many handles in one value")
    }
    // The empty payload must differ from an end-of-file, hence the leading kind.
    if bytes.count < Self.inlineLimit {
      var message: [UInt8] = [0]
      message.append(contentsOf: bytes)
      try deliver(message, descriptors)
    } else {
      let memory = try MemoryFile.sealed("brood value", bytes)
      defer { Descriptors.close(memory) }
      try deliver([1], [memory] + descriptors)
    }
  }

  /// In the parent: the value that has come, or nil if the child sent none; closes the channel.
  ///
  /// Never waits. Throws EBADMSG for a message that no Brood process sends.
  public mutating func receive() throws(SystemError) -> (bytes: [UInt8], descriptors: [Int32])? {
    guard parent >= 0 else { return nil }
    defer { close() }
    guard let message = try Messages.receive(parent, limit: Self.inlineLimit),
      let kind = message.bytes.first
    else { return nil }
    if kind == 0 { return (Array(message.bytes.dropFirst()), message.descriptors) }
    guard let memory = message.descriptors.first else {
      throw SystemError(call: "recvmsg", code: EBADMSG)
    }
    defer { Descriptors.close(memory) }
    do throws(SystemError) {
      let bytes = try MemoryFile.contents(of: memory)
      return (bytes, Array(message.descriptors.dropFirst()))
    } catch {
      for fd in message.descriptors.dropFirst() { Descriptors.close(fd) }
      throw error
    }
  }

  /// Closes whatever end is still open.
  public mutating func close() {
    Descriptors.close(parent)
    Descriptors.close(child)
    parent = -1
    child = -1
  }

  private func deliver(_ message: [UInt8], _ descriptors: [Int32]) throws(SystemError) {
    guard try Messages.send(child, message, descriptors: descriptors) else {
      throw SystemError(call: "sendmsg", code: EAGAIN)
    }
  }
}
