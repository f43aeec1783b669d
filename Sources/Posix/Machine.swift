import Glibc

/// What machine this is.
public enum Machine {
  /// Its name (gethostname(2)).
  public static let hostName: String = {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }()

  /// A name of the time since it was started; empty where it cannot be read (proc(5)).
  public static var bootID: String {
    guard let bytes = try? Transfer.readFile("/proc/sys/kernel/random/boot_id") else { return "" }
    return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
  }
}
