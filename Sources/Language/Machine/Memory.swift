import Glibc

/// Zeroed memory whose pages the kernel provides when they are first touched.
func zeroedMemory(_ bytes: Int) -> UnsafeMutableRawPointer {
  guard let memory = calloc(1, max(1, bytes)) else {
    // Nothing can be done without the machine's own registers.
    _ = fputs("brood: not enough memory to start\n", stderr_())
    exit(1)
  }
  return memory
}

private func stderr_() -> UnsafeMutablePointer<FILE>? { fdopen(2, "w") }

func releaseMemory(_ pointer: UnsafeMutableRawPointer) { free(pointer) }
