/// What a channel says to someone who waits for several things at once.
public enum Readiness {
  /// Something can be had now.
  case ready
  /// Nothing can come any more: `closed`, or as for one who waits for this alone.
  case never(ChannelError)
  /// Something may be had when one of these descriptors is readable, which stay the channel's, or
  /// at a moment (monotonic ns).
  case descriptors([Int32], until: Int64)
}
