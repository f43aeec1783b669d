import Glibc
import Posix
import Processes
import Waits

/// Memory, locks and signals: what is waited for without a descriptor.
extension Resolution {
  mutating func futex(_ futex: Awaited.Futex) {
    let word = files.word(pid, at: futex.address)
    var place: SharedPlace?
    if !futex.isPrivate {
      guard let found = files.place(pid, at: futex.address).value else {
        return unknown("the memory of \(pid) cannot be read")
      }
      place = found
    }
    guard let place else {
      // Only its own threads can wake it, or a handler.
      let id = ObjectID(.futex, futex.address, device: own)
      survey.memoryWithoutFile.insert(id)
      add(id, .permit, name: "its own memory", reach: .members, isTrue: isTrue(futex, word))
      return
    }
    let id = ObjectID(
      .futex, place.offset, device: place.file.inode ^ (place.file.device << 40))
    if place.isAnonymous { survey.memoryWithoutFile.insert(id) }
    if futex.namesHolder, let word {
      // The lower bits are the number of the thread that has it.
      let holder = Int32(bitPattern: word & 0x3fff_ffff)
      add(
        id, .hold, name: "the lock at \(place.path)+\(place.offset)", [.init(holder, .holds)],
        reach: .members)
      return
    }
    let sharers = survey.sharers(of: place)
    // The sleeper itself cannot wake itself.
    let shares = sharers.pids.filter { $0 != pid }.map { WaitObject.Share($0, .canAct) }
    let hidden = sharers.hidden.last { isRelative($0, of: [.init(pid, .has)]) }
    var reach = WaitObject.Reach.members
    if let hidden { reach = .unknown("the memory of \(hidden) may not be read") }
    if place.isNamed { reach = .outsiders("any process that opens \(place.path)") }
    let path = place.path.isEmpty ? "shared memory" : place.path
    add(
      id, .permit, name: "\(path)+\(place.offset)", shares, reach: reach,
      isTrue: isTrue(futex, word))
  }

  /// Nil, which is not known, where the word has changed since it fell asleep.
  func isTrue(_ futex: Awaited.Futex, _ word: UInt32?) -> Bool? {
    guard let word, let expected = futex.expected else { return futex.namesHolder ? false : nil }
    return word == expected ? false : nil
  }

  mutating func lock(_ number: Int32, _ style: Awaited.LockStyle) {
    guard let descriptor = holders.descriptor(number, of: pid) else {
      return unknown("descriptor \(number) of \(pid) cannot be read")
    }
    let path = files.link(pid, "fd/\(number)").value ?? "a file"
    let id = ObjectID(.file, descriptor.file.inode, device: descriptor.file.device)
    // Of a lock of an open file no pid is told, so every wait for one of this file counts.
    let waits = (survey.locks.value ?? []).filter { lock in
      guard lock.isWaiting else { return false }
      if style == .open { return lock.style == .open && lock.inode == descriptor.file.inode }
      return lock.pid == pid
    }
    if waits.isEmpty { return unknown("who has the lock of \(path) is not told here") }
    let held = (survey.locks.value ?? []).filter { lock in
      !lock.isWaiting && waits.contains { $0.number == lock.number }
    }
    var shares: [WaitObject.Share] = []
    for lock in held {
      if lock.style == .record {
        if lock.pid > 0 { shares.append(.init(lock.pid, .holds)) }
        continue
      }
      // It belongs to an open file, which several processes may have.
      let style = lock.style == .whole ? "FLOCK" : "OFDLCK"
      for holder in holders.of(descriptor.file) {
        let facts = holders.facts(of: holder.pid, descriptor: holder.descriptor.number).value
        let has = facts?.locks.contains { $0.style == style && $0.pid == lock.pid } ?? false
        if has {
          shares.append(.init(holder.pid, .holds, descriptor: holder.descriptor.number))
        }
      }
    }
    if shares.isEmpty { survey.gap("who has the lock of \(path) is out of sight") }
    // One who has the same open file can let go for all who have it.
    let isAlone = Set(shares.map(\.pid)).count == 1
    add(
      id, isAlone ? .hold : .permit, name: path,
      detail: held.first.map { $0.isExclusive ? "" : "shared" } ?? "",
      shares,
      reach: shares.isEmpty ? .unknown("the holder of the lock of \(path)") : reach(shares))
  }

  mutating func partner(_ path: String, _ directory: Int32, isForReading: Bool) {
    // Without the right to read its memory or its directory the path stays as it is.
    var full = path
    if !path.hasPrefix("/") {
      let link = directory == AT_FDCWD ? "cwd" : "fd/\(directory)"
      full = (files.link(pid, link).value.map { $0 + "/" } ?? "") + path
    }
    // Any other open that sleeps is of a file whose server is slow, which must not be asked.
    let channel = files.channel(of: pid)
    guard channel == nil || channel == "wait_for_partner", let file = files.namedPipe(at: full)
    else { return unknown("what \(pid) opens at \(full) is no named pipe") }
    let shares = holders.of(file).map { holder in
      WaitObject.Share(
        holder.pid, holder.descriptor.isWritable ? .writes : .reads,
        descriptor: holder.descriptor.number)
    }
    add(
      ObjectID(.rawPipe, file.inode, device: file.device), isForReading ? .value : .room,
      name: full, shares, reach: .outsiders("any process that opens \(full)"))
  }

  mutating func posted(_ number: Int32, isRoom: Bool) {
    guard let descriptor = holders.descriptor(number, of: pid) else {
      return unknown("descriptor \(number) of \(pid) cannot be read")
    }
    let path = files.link(pid, "fd/\(number)").value ?? "a queue"
    let shares = holders.of(descriptor.file).map { holder in
      var roles: WaitObject.Roles = []
      if holder.descriptor.isReadable { roles.insert(.reads) }
      if holder.descriptor.isWritable { roles.insert(.writes) }
      return WaitObject.Share(holder.pid, roles, descriptor: holder.descriptor.number)
    }
    add(
      ObjectID(.messageQueue, descriptor.file.inode), isRoom ? .room : .value,
      name: "POSIX queue \(path)", shares,
      reach: .outsiders("any process that opens the queue \(path)"))
  }

  mutating func semaphore(_ set: Int32, _ numbers: [Int]) {
    add(
      ObjectID(.semaphoreSet, UInt64(UInt32(bitPattern: set))), .permit,
      name: "System V semaphore set \(set)",
      reach: .outsiders("any process that knows its number"))
    for number in numbers {
      guard let last = files.lastUser(ofSemaphore: number, set: set), last != pid else { continue }
      let name = survey.stat(last).map { "\($0.name) (\(last))" } ?? "\(last), which has ended"
      situation.notes.append("semaphore \(number) was changed last by \(name)")
    }
  }

  mutating func signal(_ signals: [Int32]) {
    let names = signals.compactMap { Posix.Signal($0)?.name }
    add(
      ObjectID(.signal, 0), .signal, name: names.joined(separator: " "),
      reach: .outsiders("any process that sends the signal"))
  }
}
