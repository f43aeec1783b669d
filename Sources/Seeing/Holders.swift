import Posix
import Processes

/// Which processes have which pipe, socket, file or event: one pass over /proc/*/fd.
final class Holders {
  struct Holder {
    let pid: Int32
    let descriptor: OpenDescriptor
  }

  private let files: ProcFiles
  /// Pipes and sockets by inode, files and named pipes by device and inode.
  private var byFile: [FileID: [Holder]] = [:]
  private var tables: [Int32: [OpenDescriptor]] = [:]
  /// Descriptors that can be told apart only by their facts.
  private var events: [Holder] = []
  private var eventIDs: [Int: [Holder]]?
  /// Facts of descriptors that were asked for, by process and number.
  private var factsMemory: [UInt64: Reading<DescriptorFacts>] = [:]
  /// Processes that live and whose descriptors may not be read.
  private(set) var hidden: [Int32] = []

  init(_ files: ProcFiles, _ pids: some Sequence<Int32>) {
    self.files = files
    for pid in pids {
      switch files.descriptors(of: pid) {
      case .known(let table): add(table, of: pid)
      case .ended: break
      case .hidden: hidden.append(pid)
      }
    }
  }

  private func add(_ table: [OpenDescriptor], of pid: Int32) {
    tables[pid] = table
    for descriptor in table {
      switch descriptor.kind {
      case .pipe, .socket, .namedPipe, .file:
        byFile[descriptor.file, default: []].append(Holder(pid: pid, descriptor: descriptor))
      case .event: events.append(Holder(pid: pid, descriptor: descriptor))
      default: break
      }
    }
  }

  /// The descriptors of a process; nil if they may not be read.
  func table(of pid: Int32) -> [OpenDescriptor]? { tables[pid] }

  func descriptor(_ number: Int32, of pid: Int32) -> OpenDescriptor? {
    tables[pid]?.first { $0.number == number }
  }

  /// The facts of a descriptor, read once: those of one moment belong together.
  func facts(of pid: Int32, descriptor: Int32) -> Reading<DescriptorFacts> {
    let key = UInt64(UInt32(bitPattern: pid)) << 32 | UInt64(UInt32(bitPattern: descriptor))
    if let known = factsMemory[key] { return known }
    let read = files.facts(of: pid, descriptor: descriptor)
    factsMemory[key] = read
    return read
  }

  /// All who have a pipe, a socket or a file.
  func of(_ file: FileID) -> [Holder] { byFile[file] ?? [] }

  /// All who have an eventfd.
  func ofEvent(_ id: Int) -> [Holder] {
    if eventIDs == nil {
      var found: [Int: [Holder]] = [:]
      for holder in events {
        let facts = facts(of: holder.pid, descriptor: holder.descriptor.number).value
        if let id = facts?.eventID { found[id, default: []].append(holder) }
      }
      eventIDs = found
    }
    return eventIDs?[id] ?? []
  }

  /// The Unix sockets with descriptors on their way, which belong to their receivers.
  func socketsWithDescriptors() -> [Holder] {
    byFile.values.joined().filter { holder in
      guard holder.descriptor.kind == .socket else { return false }
      let facts = facts(of: holder.pid, descriptor: holder.descriptor.number).value
      return facts?.inFlight ?? 0 > 0
    }
  }
}
