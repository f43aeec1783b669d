import Glibc
import Posix

/// The descriptors of items with handles: they wait in a socket, each item's as one message with
/// its ticket, in the order of the puts but for those that were stepped over.
///
/// All under the lock. The taker of an item looks at its message first and removes it last, so
/// that a death on the way loses nothing; that of an item that is lent stays for the next one.
extension Queue {
  /// Leaves descriptors for an item; nil if the courier cannot take any more now.
  func post(_ descriptors: [Int32]) throws -> QueueLayout.Ticket? {
    // Counted first: the message of a sender that dies now has a number that no item bears.
    let number = header.pointee.ticket
    header.pointee.ticket = number + 1
    FaultPoint.pass()
    let isSent = try withUnsafeBytes(of: number) { bytes in
      do throws(SystemError) {
        return try Messages.send(courier.out, bytes, descriptors: descriptors)
      } catch {
        // Too many descriptors under way: that passes when they are taken.
        guard error.code == ETOOMANYREFS else { throw error }
        return false
      }
    }
    return isSent ? QueueLayout.Ticket(number: number, count: UInt64(descriptors.count)) : nil
  }

  /// Copies of an item's descriptors, which then are the first in the courier; throws EMFILE.
  ///
  /// None if they were lost with a process that died while it stepped over them.
  func look(at ticket: QueueLayout.Ticket, _ state: QueueState) throws -> [Int32] {
    var firstKept: UInt64?
    var rounds = 0
    while let (number, descriptors) = try first() {
      if number == ticket.number {
        guard descriptors.count == Int(clamping: ticket.count) else {
          close(descriptors)
          throw SystemError(call: "recvmsg", code: EMFILE)
        }
        return descriptors
      }
      defer { close(descriptors) }
      if isAwaited(number, state) {
        // Once round may be too little: a death can have left a message twice.
        if number == firstKept { rounds += 1 }
        if rounds == 2 { break }
        if firstKept == nil { firstKept = number }
        let isSent = try withUnsafeBytes(of: number) {
          try Messages.send(courier.out, $0, descriptors: descriptors)
        }
        guard isSent else { break }
        FaultPoint.pass()
      }
      dropFirst()
      FaultPoint.pass()
    }
    return []
  }

  /// Removes an item's descriptors for good.
  func drop(_ ticket: QueueLayout.Ticket, _ state: QueueState) {
    guard let copies = try? look(at: ticket, state), !copies.isEmpty else { return }
    close(copies)
    FaultPoint.pass()
    dropFirst()
  }

  func close(_ descriptors: [Int32]) {
    for fd in descriptors { Descriptors.close(fd) }
  }

  /// Removes the first message.
  func dropFirst() {
    guard let message = (try? Messages.receive(courier.in, limit: 8)) ?? nil else { return }
    close(message.descriptors)
  }

  private func first() throws -> (number: UInt64, descriptors: [Int32])? {
    guard let message = try Messages.receive(courier.in, limit: 8, keeping: true),
      message.length > 0
    else { return nil }
    var number: UInt64 = 0
    withUnsafeMutableBytes(of: &number) { $0.copyBytes(from: message.bytes.prefix(8)) }
    return (number, message.descriptors)
  }

  // Those of items that are to be taken yet, or that are lent or have come back.
  private func isAwaited(_ number: UInt64, _ state: QueueState) -> Bool {
    if number > state.ticketTaken { return number < header.pointee.ticket }
    return (0..<Int(state.leaseTop)).contains {
      leases[$0].state != QueueLayout.Lease.State.free
        && leasedFrame($0).ticket?.number == number
    }
  }
}
