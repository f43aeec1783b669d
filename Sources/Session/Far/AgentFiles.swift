import Glibc
import Language
import Machines
import Posix

/// Files that a session has sent to an agent, and those that it fetches.
final class AgentFiles {
  /// A file that was made for tasks, and the transfers of those that need it.
  private struct Placed {
    let digest: [UInt8]
    var users: Set<UInt64>
  }

  private struct Incoming {
    var file: ArrivingFile
    let digest: [UInt8]
    let isOfTask: Bool
    /// Transfers of the same file, which wait for this one.
    var others: [UInt64] = []
  }

  private struct Outgoing {
    let descriptor: Int32
    var sent = 0
    var room = FileOrder.window
    let size: Int
    var hash = SHA256()
  }

  private let directory: () -> String
  private let send: (FarMessage) -> Void
  private let alive: () -> Void
  private var placed: [[UInt8]: Placed] = [:]
  /// Directories that were made for such files.
  private var made: Set<[UInt8]> = []
  private var incoming: [UInt64: Incoming] = [:]
  private var outgoing: [UInt64: Outgoing] = [:]
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: FileOrder.piece, alignment: 16)

  /// - Parameters:
  ///   - directory: yields what relative paths are below.
  ///   - alive: told while a large file is read.
  init(
    directory: @escaping () -> String, alive: @escaping () -> Void,
    send: @escaping (FarMessage) -> Void
  ) {
    self.directory = directory
    self.alive = alive
    self.send = send
  }

  deinit { buffer.deallocate() }

  func take(_ message: FarMessage) throws(FieldReader.Malformed) {
    let number = message.attempt
    var reader = FieldReader(message.bytes)
    guard let order = FileOrder(rawValue: try reader.number()) else {
      throw FieldReader.Malformed()
    }
    switch order {
    case .offer: try consider(number, &reader)
    case .data: add(reader.rest, number)
    case .whole: finish(number)
    case .drop: drop(number)
    case .want: begin(number, try reader.block())
    case .wanted, .done, .failed, .found: throw FieldReader.Malformed()
    }
  }

  private func fail(_ number: UInt64, _ reason: String) {
    Array(reason.utf8).withUnsafeBytes { send(FileOrder.failed.message(number, bytes: $0)) }
  }

  private func full(_ path: [UInt8]) -> [UInt8] {
    path.first == UInt8(ascii: "/") ? path : Array(directory().utf8) + [UInt8(ascii: "/")] + path
  }

  // MARK: What is sent here

  private func consider(
    _ number: UInt64, _ reader: inout FieldReader
  ) throws(FieldReader.Malformed) {
    let isOfTask = try reader.flag()
    let mode: UInt32 = try reader.number()
    let size: Int64 = try reader.number()
    let digest = try reader.block()
    let name = try reader.block()
    guard size >= 0, digest.count == 32, !name.isEmpty, !name.contains(0) else {
      throw FieldReader.Malformed()
    }
    let path = full(name)
    let text = FarPath.text(name)
    if let entry = placed[path] {
      guard entry.digest == digest else { return fail(number, "'\(text)' is that of another task") }
      placed[path]?.users.insert(number)
      return send(FileOrder.done.message(number))
    }
    if let (first, other) = incoming.first(where: { $0.value.file.path == path }) {
      guard other.digest == digest else { return fail(number, "'\(text)' is that of another task") }
      incoming[first]?.others.append(number)
      return
    }
    do throws(SystemError) {
      switch try compare(path, size, digest) {
      case .same: return send(FileOrder.done.message(number))
      case .other where isOfTask:
        return fail(number, "another file '\(text)' is there, which is not replaced")
      case .other, .absent: break
      }
      incoming[number] = Incoming(
        file: try ArrivingFile(path, size: size, mode: mode), digest: digest,
        isOfTask: isOfTask)
      send(FileOrder.wanted.message(number))
    } catch {
      fail(number, "cannot write '\(text)': \(error.message)")
    }
  }

  private enum Comparison { case absent, same, other }

  private func compare(
    _ path: [UInt8], _ size: Int64, _ digest: [UInt8]
  ) throws(SystemError) -> Comparison {
    let fd: Int32
    do throws(SystemError) {
      fd = try FarPath.open(path, O_RDONLY | O_NONBLOCK)
    } catch {
      if error.code == ENOENT { return .absent }
      throw error
    }
    defer { Descriptors.close(fd) }
    let status = try FileStatus(descriptor: fd)
    guard status.kind != .directory else { throw SystemError(call: "open", code: EISDIR) }
    guard status.kind == .regular, status.size == size else { return .other }
    return try FarPath.digest(of: fd, alive: alive) == digest ? .same : .other
  }

  private func add(_ bytes: ArraySlice<UInt8>, _ number: UInt64) {
    // Of one that was given up already something may be on its way.
    guard incoming[number] != nil else { return }
    var failure: SystemError?
    bytes.withUnsafeBytes { bytes in
      do throws(SystemError) {
        try incoming[number]?.file.add(bytes)
      } catch {
        failure = error
      }
    }
    if let failure { return giveUp(number, "cannot write it: \(failure.message)") }
    send(FileOrder.window(number, bytes.count))
  }

  private func finish(_ number: UInt64) {
    guard var entry = incoming[number] else { return }
    do throws(SystemError) {
      guard try entry.file.finish(digest: entry.digest) else {
        return giveUp(number, "it changed while it was sent")
      }
    } catch {
      return giveUp(number, "cannot write it: \(error.message)")
    }
    incoming[number] = nil
    let all = [number] + entry.others
    if entry.isOfTask {
      placed[entry.file.path] = Placed(digest: entry.digest, users: Set(all))
      made.formUnion(entry.file.directories)
    }
    for number in all { send(FileOrder.done.message(number)) }
  }

  private func giveUp(_ number: UInt64, _ reason: String) {
    guard var entry = incoming.removeValue(forKey: number) else { return }
    entry.file.abandon()
    for number in [number] + entry.others { fail(number, reason) }
  }

  private func drop(_ number: UInt64) {
    if let transfer = outgoing.removeValue(forKey: number) {
      return Descriptors.close(transfer.descriptor)
    }
    if var entry = incoming.removeValue(forKey: number) {
      entry.file.abandon()
      return begin(entry)
    }
    for first in incoming.keys { incoming[first]?.others.removeAll { $0 == number } }
    for (path, entry) in placed where entry.users.contains(number) {
      placed[path]?.users.remove(number)
      if placed[path]?.users.isEmpty == true { remove(path) }
    }
  }

  /// What sent a file was ended: the next one that needs it sends it.
  private func begin(_ entry: Incoming) {
    guard let number = entry.others.first else { return }
    var next = entry
    next.others.removeFirst()
    do throws(SystemError) {
      let file = entry.file
      next.file = try ArrivingFile(file.path, size: file.size, mode: file.mode)
      incoming[number] = next
      send(FileOrder.wanted.message(number))
    } catch {
      for number in entry.others { fail(number, "cannot write it: \(error.message)") }
    }
  }

  private func remove(_ path: [UInt8]) {
    guard placed.removeValue(forKey: path) != nil else { return }
    FarPath.remove(path)
    // Those in which something else is now stay; the last one of several files takes them along.
    var place = path
    while let slash = place.lastIndex(of: UInt8(ascii: "/")) {
      place = Array(place[..<slash])
      guard made.contains(place), FarPath.removeDirectory(place) else { return }
      made.remove(place)
    }
  }

  /// Nothing that was sent for tasks is left.
  func removeAll() {
    for number in Array(incoming.keys) {
      var entry = incoming.removeValue(forKey: number)
      entry?.file.abandon()
    }
    for path in Array(placed.keys) { remove(path) }
  }

  // MARK: What is fetched

  private func begin(_ number: UInt64, _ name: [UInt8]) {
    guard outgoing[number] == nil, !name.isEmpty, !name.contains(0) else { return }
    do throws(SystemError) {
      let fd = try FarPath.open(full(name), O_RDONLY | O_NONBLOCK)
      do throws(SystemError) {
        let status = try FileStatus(descriptor: fd)
        guard status.kind == .regular else {
          throw SystemError(call: "open", code: status.kind == .directory ? EISDIR : EINVAL)
        }
        outgoing[number] = Outgoing(descriptor: fd, size: Int(clamping: status.size))
        var writer = FieldWriter()
        writer.add(status.size)
        writer.add(status.permissions)
        send(FileOrder.found.message(number, writer))
      } catch {
        Descriptors.close(fd)
        throw error
      }
    } catch {
      return fail(number, "cannot fetch '\(FarPath.text(name))': \(error.message)")
    }
    push(number)
  }

  func grant(_ number: UInt64, _ count: Int) {
    guard let room = outgoing[number]?.room else { return }
    outgoing[number]?.room = min(room + count, FileOrder.window)
    push(number)
  }

  private func push(_ number: UInt64) {
    while var transfer = outgoing[number] {
      if transfer.sent >= transfer.size {
        outgoing[number] = nil
        Descriptors.close(transfer.descriptor)
        let digest = transfer.hash.bytes()
        return digest.withUnsafeBytes { send(FileOrder.whole.message(number, bytes: $0)) }
      }
      if transfer.room <= 0 { return }
      let most = min(buffer.count, transfer.room, transfer.size - transfer.sent)
      let place = UnsafeMutableRawBufferPointer(rebasing: buffer[..<most])
      let count = (try? MemoryFile.read(transfer.descriptor, into: place, at: transfer.sent)) ?? 0
      guard count > 0 else {
        outgoing[number] = nil
        Descriptors.close(transfer.descriptor)
        return fail(number, "it became shorter while it was fetched")
      }
      let bytes = UnsafeRawBufferPointer(rebasing: place[..<count])
      transfer.hash.add(bytes)
      transfer.sent += count
      transfer.room -= count
      outgoing[number] = transfer
      send(FileOrder.data.message(number, bytes: bytes))
    }
  }
}
