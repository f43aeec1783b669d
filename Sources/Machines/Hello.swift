/// The first message of each side.
public struct Hello: Equatable, Sendable {
  public var version = Frame.version
  /// The program's, for messages.
  public var program = ""
  public var host = ""
  /// Of the machine's run, so that two names of one machine are known as such.
  public var boot = ""
  public var pid: Int32 = 0
  public var cpus = 0

  public init() {}

  public var message: FarMessage {
    var writer = FieldWriter()
    writer.add(rest: (0...255).map { UInt8($0) })
    writer.add(version)
    writer.add(program)
    writer.add(host)
    writer.add(boot)
    writer.add(pid)
    writer.add(UInt32(clamping: cpus))
    return FarMessage(.hello, 0, writer.bytes)
  }

  /// - Throws: what a message that is no greeting is.
  public init(_ message: FarMessage) throws(FieldReader.Malformed) {
    guard message.kind == .hello, message.bytes.count >= 258 else {
      throw FieldReader.Malformed()
    }
    var reader = FieldReader(Array(message.bytes.dropFirst(256)))
    version = try reader.number()
    // Another version may have other fields.
    guard version == Frame.version else { return }
    program = try reader.text()
    host = try reader.text()
    boot = try reader.text()
    pid = try reader.number()
    cpus = Int(try reader.number(UInt32.self))
    guard cpus > 0, cpus <= 1 << 16, host.utf8.count <= 256 else { throw FieldReader.Malformed() }
  }
}

/// What a session tells an agent before anything else.
public struct AgentSettings: Equatable, Sendable {
  public var directory = ""
  /// NAME=VALUE, beside what the host has.
  public var environment: [String] = []
  /// How much memory each worker may have of its own; 0 for no limit.
  public var memoryLimit = 0
  /// After so much silence an agent ends with all it has started (ns).
  public var timeout: Int64 = 15_000_000_000
  /// Whether functions come with the names of variables that they share with what workers begin
  /// with.
  public var sharesVariables = false
  /// The allocation that is to be cancelled when the session is gone; empty for none.
  public var job = ""

  public init() {}

  public var message: FarMessage {
    var writer = FieldWriter()
    writer.add(directory)
    writer.add(environment)
    writer.add(Int64(memoryLimit))
    writer.add(timeout)
    writer.add(sharesVariables)
    writer.add(job)
    return FarMessage(.code, 0, writer.bytes)
  }

  public init(_ message: FarMessage) throws(FieldReader.Malformed) {
    var reader = FieldReader(message.bytes)
    directory = try reader.text()
    environment = try reader.texts()
    memoryLimit = Int(try reader.number(Int64.self))
    timeout = try reader.number()
    sharesVariables = try reader.flag()
    job = try reader.text()
    guard timeout > 0, memoryLimit >= 0 else { throw FieldReader.Malformed() }
  }
}
