import CPosix
import Posix

/// Blocks of a pipe's shared memory for messages that no packet holds: who sends one claims a block,
/// fills it and sends its number; who receives it reads the block and lets go.
///
/// The claim is a lock of the kernel on an open file description whose only descriptor goes with
/// the packet (`brood_lease_claim`). So whichever process is killed, and if the packet is never received, the
/// block is free again, and there is nothing to tidy up. The memory stays with the pipe: pages that were
/// used before cost no clearing and no fault, which makes a message of 1 MiB ten times as fast.
struct PipeBlocks {
  static let count = 4
  /// Room for 2 MiB and what a value adds.
  static let blockSize = 2 << 20 + 4096
  static let size = count * blockSize
  /// How long a sender waits for a block to be given back before it does without (ns).
  private static let timeout: Int64 = 10_000_000
  private static let step = 256 << 10

  /// In shared memory.
  struct State {
    /// Set by those who sleep until a block is free.
    var isWanted: UInt32 = 0
    /// How much of each block has memory; only its claimant changes it.
    var committed: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
  }

  /// A claimed block.
  struct Claim {
    let index: Int
    /// Holds the claim until its last copy is closed.
    let lease: Int32
  }

  private let memory: ChannelMemory
  private let isWanted: UnsafeMutablePointer<UInt32>
  private let committed: UnsafeMutablePointer<UInt32>

  init(_ memory: ChannelMemory, at state: UnsafeMutableRawPointer) {
    self.memory = memory
    isWanted = state.assumingMemoryBound(to: UInt32.self)
    committed = isWanted + 1
  }

  /// The bytes of a block.
  func base(_ index: Int) -> UnsafeMutableRawPointer {
    memory.base + ChannelMemory.bodyOffset + index * PipeBlocks.blockSize
  }

  /// Claims a block with memory for so many bytes; nil if there is none, after a short wait.
  func claim(_ size: Int, mayWait: Bool) -> Claim? {
    guard size <= PipeBlocks.blockSize else { return nil }
    let lease = brood_lease_make(memory.descriptor)
    guard lease >= 0 else { return nil }
    var index = brood_lease_claim(lease, Int32(PipeBlocks.count))
    if index < 0, mayWait {
      brood_store32(isWanted, 1)
      index = brood_lease_claim(lease, Int32(PipeBlocks.count))
      if index < 0 {
        brood_word_sleep(isWanted, 1, PipeBlocks.timeout)
        index = brood_lease_claim(lease, Int32(PipeBlocks.count))
      }
    }
    guard index >= 0, commit(Int(index), size) else {
      Descriptors.close(lease)
      return nil
    }
    return Claim(index: Int(index), lease: lease)
  }

  private func commit(_ index: Int, _ size: Int) -> Bool {
    guard size > Int(committed[index]) else { return true }
    let wanted = min(
      (size + PipeBlocks.step - 1) / PipeBlocks.step * PipeBlocks.step, PipeBlocks.blockSize)
    let offset = ChannelMemory.bodyOffset + index * PipeBlocks.blockSize
    guard (try? memory.commit(offset, wanted)) != nil else { return false }
    committed[index] = UInt32(wanted)
    return true
  }

  /// Lets go of a block.
  func release(_ lease: Int32) {
    Descriptors.close(lease)
    if brood_load32(isWanted) != 0, brood_swap32(isWanted, 0) != 0 { brood_word_wake(isWanted) }
  }
}
