import Glibc

extension ProcFiles {
  /// What a thread waits for in a call; arguments in memory are read, where this user may.
  ///
  /// A call that does not sleep by its nature, or that is not known, is `other`.
  public func sleep(of pid: Int32, in call: SystemCall) -> Sleep {
    func made(_ awaited: Awaited, _ limit: SleepLimit = .none) -> Sleep {
      Sleep(call: call, awaited: awaited, limit: limit)
    }
    let first = call.int(0)
    switch call.name {
    case "read", "readv", "pread64", "preadv", "preadv2", "recvfrom", "recvmsg", "getdents64":
      return made(.input(first))
    case "recvmmsg": return made(.input(first), timespec(pid, call.word(4)))
    case "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg":
      return made(.room(first))
    case "sendfile": return made(.room(first))
    case "splice":
      return made(
        .events([
          .init(descriptor: first, wantsInput: true, wantsRoom: false),
          .init(descriptor: call.int(2), wantsInput: false, wantsRoom: true),
        ]))
    case "tee":
      return made(
        .events([
          .init(descriptor: first, wantsInput: true, wantsRoom: false),
          .init(descriptor: call.int(1), wantsInput: false, wantsRoom: true),
        ]))
    case "accept", "accept4": return made(.connection(first))
    case "connect": return made(.answer(first))
    case "poll": return made(polled(pid, call), milliseconds(call.int(2)))
    case "ppoll": return made(polled(pid, call), timespec(pid, call.word(2)))
    case "select": return made(selected(pid, call), timeval(pid, call.word(4)))
    case "pselect6": return made(selected(pid, call), timespec(pid, call.word(4)))
    case "epoll_wait", "epoll_pwait":
      return made(watched(pid, first), milliseconds(call.int(3)))
    case "epoll_pwait2": return made(watched(pid, first), timespec(pid, call.word(3)))
    case "wait4": return made(.child(children(first)))
    case "waitid": return made(waitid(call))
    case "futex": return futex(pid, call)
    case "flock": return made(.lock(descriptor: first, style: .whole))
    case "fcntl":
      switch call.int(1) {
      case F_SETLKW: return made(.lock(descriptor: first, style: .record))
      case 38: return made(.lock(descriptor: first, style: .open))  // F_OFD_SETLKW
      default: return made(.other)
      }
    case "open", "openat": return made(opened(pid, call))
    case "nanosleep": return made(.time, timespec(pid, call.word(0)))
    case "clock_nanosleep":
      let limit = timespec(pid, call.word(2))
      // TIMER_ABSTIME: a moment of a clock.
      guard call.int(1) & 1 != 0, case .lasting(let moment) = limit else {
        return made(.time, limit)
      }
      return made(.time, until(moment, clock: first))
    case "pause": return made(.signal([]))
    case "rt_sigsuspend": return made(.signal([]))
    case "rt_sigtimedwait":
      return made(.signal(signals(pid, call.word(0))), timespec(pid, call.word(2)))
    case "msgrcv": return made(.message(queue: first, isRoom: false))
    case "msgsnd": return made(.message(queue: first, isRoom: true))
    case "semop": return made(.semaphore(set: first, numbers: semaphores(pid, call)))
    case "semtimedop":
      return made(
        .semaphore(set: first, numbers: semaphores(pid, call)), timespec(pid, call.word(3)))
    case "mq_timedreceive":
      return made(.posted(descriptor: first, isRoom: false), moment(pid, call.word(4)))
    case "mq_timedsend":
      return made(.posted(descriptor: first, isRoom: true), moment(pid, call.word(4)))
    case "vfork": return made(.borrowedMemory)
    case "clone", "clone3": return made(.borrowedMemory)
    // What sleeps on after a stop has forgotten its arguments; a poll for ever does so, too.
    case "restart_syscall": return made(.other)
    default: return made(.other)
    }
  }

  // MARK: Times

  private func timespec(_ pid: Int32, _ address: UInt64) -> SleepLimit {
    pair(pid, address, unit: 1)
  }

  private func timeval(_ pid: Int32, _ address: UInt64) -> SleepLimit {
    pair(pid, address, unit: 1000)
  }

  /// Seconds and a fraction of them.
  private func pair(_ pid: Int32, _ address: UInt64, unit: Int64) -> SleepLimit {
    if address == 0 { return .none }
    guard let seconds = number(pid, at: address, as: Int64.self),
      let rest = number(pid, at: address &+ 8, as: Int64.self), seconds >= 0, rest >= 0
    else { return .unknown }
    let (whole, isLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (fraction, isLonger) = rest.multipliedReportingOverflow(by: unit)
    let (sum, isLongest) = whole.addingReportingOverflow(fraction)
    return .lasting(isLong || isLonger || isLongest ? Int64.max : sum)
  }

  private func milliseconds(_ count: Int32) -> SleepLimit {
    count < 0 ? .none : .lasting(Int64(count) * 1_000_000)
  }

  /// A moment of the wall clock.
  private func moment(_ pid: Int32, _ address: UInt64) -> SleepLimit {
    guard case .lasting(let moment) = timespec(pid, address) else {
      return address == 0 ? .none : .unknown
    }
    return until(moment, clock: CLOCK_REALTIME)
  }

  private func until(_ moment: Int64, clock: Int32) -> SleepLimit {
    guard let then = now(clock), let monotonic = now(CLOCK_MONOTONIC) else { return .unknown }
    let (left, isFar) = moment.subtractingReportingOverflow(then)
    let (end, isFarther) = monotonic.addingReportingOverflow(left)
    return .until(isFar || isFarther ? Int64.max : end)
  }

  private func now(_ clock: Int32) -> Int64? {
    var time = timespec_t()
    guard clock >= 0, clock_gettime(clock, &time) == 0 else { return nil }
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  // MARK: Sets of descriptors

  private func polled(_ pid: Int32, _ call: SystemCall) -> Awaited {
    let count = call.word(1)
    if count == 0 { return .events([]) }
    // struct pollfd: the descriptor, what is wanted, what was found.
    guard count <= 4096,
      let bytes = memory(pid, at: call.word(0), count: Int(count) * 8).value,
      bytes.count == Int(count) * 8
    else { return .other }
    var result: [Awaited.Polled] = []
    bytes.withUnsafeBytes { bytes in
      for index in 0..<Int(count) {
        let descriptor = bytes.loadUnaligned(fromByteOffset: index * 8, as: Int32.self)
        let events = Int32(bytes.loadUnaligned(fromByteOffset: index * 8 + 4, as: Int16.self))
        if descriptor < 0 { continue }
        // Without any wish it still is told of the end of the other side.
        let wantsRoom = events & POLLOUT != 0
        result.append(
          .init(
            descriptor: descriptor, wantsInput: events & POLLIN != 0 || !wantsRoom,
            wantsRoom: wantsRoom))
      }
    }
    return .events(result)
  }

  private func selected(_ pid: Int32, _ call: SystemCall) -> Awaited {
    let count = Int(call.int(0))
    guard count >= 0, count <= 65536 else { return .other }
    let size = (count + 63) / 64 * 8
    var sets: [[UInt8]] = []
    for index in 1...3 {
      let address = call.word(index)
      if address == 0 || size == 0 {
        sets.append([])
        continue
      }
      guard let bytes = memory(pid, at: address, count: size).value, bytes.count == size else {
        return .other
      }
      sets.append(bytes)
    }
    func has(_ set: [UInt8], _ number: Int) -> Bool {
      number / 8 < set.count && set[number / 8] & (1 << (number % 8)) != 0
    }
    var result: [Awaited.Polled] = []
    for number in 0..<count {
      let input = has(sets[0], number) || has(sets[2], number)
      let room = has(sets[1], number)
      if input || room {
        result.append(
          .init(descriptor: Int32(number), wantsInput: input, wantsRoom: room))
      }
    }
    return .events(result)
  }

  /// What an epoll(7) descriptor watches.
  private func watched(_ pid: Int32, _ descriptor: Int32) -> Awaited {
    guard let facts = facts(of: pid, descriptor: descriptor).value else { return .other }
    return .events(facts.watched)
  }

  // MARK: The rest

  private func children(_ choice: Int32) -> Awaited.Children {
    if choice > 0 { return .one(choice) }
    if choice == -1 { return .any }
    return .group(choice == 0 ? 0 : 0 &- choice)
  }

  private func waitid(_ call: SystemCall) -> Awaited {
    switch call.int(0) {
    case 0: .child(.any)  // P_ALL
    case 1: .child(.one(call.int(1)))  // P_PID
    case 2: .child(.group(call.int(1)))  // P_PGID
    case 3: .child(.descriptor(call.int(1)))  // P_PIDFD
    default: .other
    }
  }

  private func futex(_ pid: Int32, _ call: SystemCall) -> Sleep {
    let operation = call.int(1)
    let isPrivate = operation & 128 != 0
    let usesWallClock = operation & 256 != 0
    let command = operation & 127
    let expected = UInt32(truncatingIfNeeded: call.word(2))
    var limit = SleepLimit.none
    if call.word(3) != 0 {
      limit = timespec(pid, call.word(3))
      // Only FUTEX_WAIT counts from now.
      if command != 0, case .lasting(let moment) = limit {
        let isWallClock = usesWallClock || command == 6
        limit = until(moment, clock: isWallClock ? CLOCK_REALTIME : CLOCK_MONOTONIC)
      }
    }
    let namesHolder = command == 6 || command == 13  // FUTEX_LOCK_PI, FUTEX_LOCK_PI2
    // FUTEX_WAIT, FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI.
    guard namesHolder || [0, 9, 11].contains(command) else {
      return Sleep(call: call, awaited: .other, limit: limit)
    }
    let futex = Awaited.Futex(
      address: call.word(0), isPrivate: isPrivate, expected: namesHolder ? nil : expected,
      namesHolder: namesHolder)
    return Sleep(call: call, awaited: .futex(futex), limit: limit)
  }

  /// An open that sleeps is one of a named pipe, as far as its path can be read.
  private func opened(_ pid: Int32, _ call: SystemCall) -> Awaited {
    let isAt = call.name == "openat"
    guard let path = string(pid, at: call.word(isAt ? 1 : 0)) else { return .other }
    let flags = call.int(isAt ? 2 : 1)
    return .partner(
      path: path, directory: isAt ? call.int(0) : AT_FDCWD,
      isForReading: flags & O_ACCMODE == O_RDONLY)
  }

  private func signals(_ pid: Int32, _ address: UInt64) -> [Int32] {
    guard let mask = number(pid, at: address, as: UInt64.self) else { return [] }
    return (1...64).filter { mask & (1 << UInt64($0 - 1)) != 0 }.map { Int32($0) }
  }

  /// The numbers of the semaphores of a struct sembuf array.
  private func semaphores(_ pid: Int32, _ call: SystemCall) -> [Int] {
    let count = call.word(2)
    guard count > 0, count <= 64,
      let bytes = memory(pid, at: call.word(1), count: Int(count) * 6).value,
      bytes.count == Int(count) * 6
    else { return [] }
    return bytes.withUnsafeBytes { bytes in
      (0..<Int(count)).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 6, as: UInt16.self)) }
    }
  }
}

private typealias timespec_t = timespec
