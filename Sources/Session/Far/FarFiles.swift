import Glibc
import Language
import Machines
import Posix

/// A file of this machine for tasks elsewhere, as its content was.
public struct SentFile {
  /// Where it is, here and there: below the directory, if it does not begin with a slash.
  public let path: [UInt8]
  let size: Int64
  let mode: UInt32
  let digest: [UInt8]

  /// - Throws: why it cannot be read; EISDIR and EINVAL for what is no file.
  init(_ path: [UInt8]) throws(SystemError) {
    self.path = path
    let fd = try FarPath.open(path, O_RDONLY | O_NONBLOCK)
    defer { Descriptors.close(fd) }
    let status = try FileStatus(descriptor: fd)
    guard status.kind == .regular else {
      let code = status.kind == .directory ? EISDIR : EINVAL
      throw SystemError(call: "open", code: code, detail: FarPath.text(path))
    }
    size = status.size
    mode = status.permissions
    digest = try FarPath.digest(of: fd)
  }

  /// A file, or all files below a directory; O(bytes).
  ///
  /// - Throws: why one of them cannot be sent, as an error that names it: it cannot be read, is no
  ///   file, or is a link to a directory below one.
  public static func all(at path: [UInt8]) throws -> [SentFile] {
    var files: [SentFile] = []
    // Where is still to be looked.
    var rest = [path]
    while let next = rest.popLast() {
      do throws(SystemError) {
        files.append(try SentFile(next))
      } catch {
        guard error.code == EISDIR else { throw error.asError("cannot send '\(text(next))'") }
        if next != path, FarPath.isLink(next) {
          throw ErrorObject(
            .failed, "cannot send '\(text(next))': it is a link to a directory",
            help: "of a directory, what is below it is sent; name this one by a --send of its own")
        }
        rest += try mapErrors("cannot send '\(text(next))'") { try FarPath.entries(of: next) }
      }
    }
    return files
  }

  private static func text(_ path: [UInt8]) -> String { FarPath.text(path) }
}

/// Files on their way between a session and the agent of a host.
///
/// No more than a window of each is under way, so that files keep no sign of life waiting.
final class FarFiles {
  /// Told once of each transfer, with what went wrong.
  typealias Done = (_ problem: String?) -> Void

  private struct Sending {
    let file: SentFile
    let isOfTask: Bool
    /// Open while its content is sent.
    var descriptor: Int32 = -1
    var sent = 0
    var room = 0
    let done: Done
  }

  private struct Fetching {
    let path: [UInt8]
    var file: ArrivingFile?
    let done: Done

    func abandon() {
      var file = file
      file?.abandon()
    }
  }

  private let send: (FarMessage) -> Void
  private var count = FileOrder.firstNumber
  private var sending: [UInt64: Sending] = [:]
  /// Those of them that the agent was told of, and the last number that was considered for that.
  private var offered: Set<UInt64> = []
  private var lastOffer = FileOrder.firstNumber
  /// So many are on their way at a time: each is open, here and there.
  private static let mostOffers = 32
  private var fetching: [UInt64: Fetching] = [:]
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: FileOrder.piece, alignment: 16)

  init(send: @escaping (FarMessage) -> Void) { self.send = send }

  deinit {
    close()
    buffer.deallocate()
  }

  // MARK: There

  /// Sees to it that a file is there; yields the transfer's number.
  ///
  /// - Parameter isOfTask: it is removed when `drop` says so, unless it was there before.
  func put(_ file: SentFile, isOfTask: Bool, done: @escaping Done) -> UInt64 {
    count += 1
    sending[count] = Sending(file: file, isOfTask: isOfTask, done: done)
    let number = count
    offerMore()
    return number
  }

  private func offerMore() {
    while offered.count < FarFiles.mostOffers, lastOffer < count {
      lastOffer += 1
      let number = lastOffer
      guard let transfer = sending[number] else { continue }
      offered.insert(number)
      var writer = FieldWriter()
      writer.add(transfer.isOfTask)
      writer.add(transfer.file.mode)
      writer.add(transfer.file.size)
      writer.add(block: transfer.file.digest)
      writer.add(block: transfer.file.path)
      send(FileOrder.offer.message(number, writer))
    }
  }

  /// A file is not on its way any more; another one is.
  private func takeOut(_ number: UInt64) -> Sending? {
    guard let transfer = sending.removeValue(forKey: number) else { return nil }
    Descriptors.close(transfer.descriptor)
    offered.remove(number)
    offerMore()
    return transfer
  }

  /// A file that was sent, is being sent or is being fetched is not needed; `done` is not told.
  func drop(_ number: UInt64) {
    fetching.removeValue(forKey: number)?.abandon()
    send(FileOrder.drop.message(number))
    _ = takeOut(number)
  }

  /// Its content is needed there.
  private func begin(_ number: UInt64) {
    guard let transfer = sending[number], transfer.descriptor < 0 else { return }
    if transfer.file.size == 0 { return send(FileOrder.whole.message(number)) }
    do throws(SystemError) {
      sending[number]?.descriptor = try FarPath.open(transfer.file.path, O_RDONLY | O_NONBLOCK)
    } catch {
      return end(number, "cannot read '\(FarPath.text(transfer.file.path))': \(error.message)")
    }
    sending[number]?.room = FileOrder.window
    push(number)
  }

  private func push(_ number: UInt64) {
    while var transfer = sending[number], transfer.room > 0, transfer.sent < transfer.file.size {
      let most = min(buffer.count, transfer.room)
      let place = UnsafeMutableRawBufferPointer(rebasing: buffer[..<most])
      let file = transfer.file
      let read: Int
      do throws(SystemError) {
        read = try MemoryFile.read(transfer.descriptor, into: place, at: transfer.sent)
      } catch {
        return end(number, "cannot read '\(FarPath.text(file.path))': \(error.message)")
      }
      guard read > 0 else {
        return end(number, "'\(FarPath.text(file.path))' became shorter while it was sent")
      }
      transfer.sent += read
      transfer.room -= read
      sending[number] = transfer
      send(FileOrder.data.message(number, bytes: UnsafeRawBufferPointer(rebasing: place[..<read])))
      if transfer.sent >= file.size {
        sending[number]?.room = 0
        return send(FileOrder.whole.message(number))
      }
    }
  }

  private func end(_ number: UInt64, _ problem: String?) {
    if problem != nil { send(FileOrder.drop.message(number)) }
    if let transfer = takeOut(number) { return transfer.done(problem) }
    guard let transfer = fetching.removeValue(forKey: number) else { return }
    if problem != nil { transfer.abandon() }
    transfer.done(problem)
  }

  // MARK: Here

  /// Brings a file from there to the same path here; yields the transfer's number.
  func fetch(_ path: [UInt8], done: @escaping Done) -> UInt64 {
    count += 1
    fetching[count] = Fetching(path: path, done: done)
    var writer = FieldWriter()
    writer.add(block: path)
    send(FileOrder.want.message(count, writer))
    return count
  }

  // MARK: From the agent

  func take(_ message: FarMessage) throws(FieldReader.Malformed) {
    let number = message.attempt
    var reader = FieldReader(message.bytes)
    guard let order = FileOrder(rawValue: try reader.number()) else {
      throw FieldReader.Malformed()
    }
    switch order {
    case .wanted: begin(number)
    case .done: end(number, nil)
    case .failed: end(number, String(decoding: reader.rest.prefix(500), as: UTF8.self))
    case .found: try begin(number, &reader)
    case .data: try add(reader.rest, number)
    case .whole: finish(number, Array(reader.rest))
    case .offer, .drop, .want: throw FieldReader.Malformed()
    }
  }

  /// So much of a file was taken in.
  func grant(_ number: UInt64, _ count: Int) {
    guard let room = sending[number]?.room else { return }
    sending[number]?.room = min(room + count, FileOrder.window)
    push(number)
  }

  private func begin(
    _ number: UInt64, _ reader: inout FieldReader
  ) throws(FieldReader.Malformed) {
    let size: Int64 = try reader.number()
    let mode: UInt32 = try reader.number()
    guard let path = fetching[number]?.path else { return }
    guard size >= 0, fetching[number]?.file == nil else { throw FieldReader.Malformed() }
    do throws(SystemError) {
      fetching[number]?.file = try ArrivingFile(path, size: size, mode: mode)
    } catch {
      end(number, "cannot write '\(FarPath.text(path))': \(error.message)")
    }
  }

  private func add(_ bytes: ArraySlice<UInt8>, _ number: UInt64) throws(FieldReader.Malformed) {
    guard let file = fetching[number]?.file else { return }
    guard Int64(bytes.count) <= file.size - file.count else { throw FieldReader.Malformed() }
    var failure: SystemError?
    bytes.withUnsafeBytes { bytes in
      do throws(SystemError) {
        try fetching[number]?.file?.add(bytes)
      } catch {
        failure = error
      }
    }
    if let failure {
      return end(number, "cannot write '\(FarPath.text(file.path))': \(failure.message)")
    }
    send(FileOrder.window(number, bytes.count))
  }

  private func finish(_ number: UInt64, _ digest: [UInt8]) {
    guard let path = fetching[number]?.path else { return }
    do throws(SystemError) {
      if try fetching[number]?.file?.finish(digest: digest) == true { return end(number, nil) }
      end(number, "'\(FarPath.text(path))' changed while it was fetched")
    } catch {
      end(number, "cannot write '\(FarPath.text(path))': \(error.message)")
    }
  }

  /// The connection is gone: nothing is told of what was under way, and no piece of it is left.
  func close() {
    for transfer in sending.values { Descriptors.close(transfer.descriptor) }
    sending = [:]
    offered = []
    for transfer in fetching.values { transfer.abandon() }
    fetching = [:]
  }
}
