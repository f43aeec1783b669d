/// Lists longer than this are refused, since they would take gigabytes.
@inlinable
public var mostItems: Int { 100_000_000 }

/// Texts that a command would make longer than this many bytes are refused.
@inlinable
public var mostBytes: Int { 1 << 30 }
