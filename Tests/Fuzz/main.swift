import Glibc

// Feeds generated texts to the parser, the compiler and the machine. Every outcome but a crash, a
// hang or an error without a message is fine.
//
//   language-fuzz COUNT SEED FILE…      texts made from the files' by mutation, and from nothing
//   language-fuzz --wire COUNT SEED     messages for the decoder of the wire, likewise

let arguments = CommandLine.arguments
if arguments.count == 4, arguments[1] == "--wire", let count = Int(arguments[2]),
  let seed = UInt64(arguments[3])
{
  WireFuzzer(seed: seed).run(count)
  exit(0)
}
guard arguments.count >= 3, let count = Int(arguments[1]), let seed = UInt64(arguments[2]) else {
  print("usage: language-fuzz COUNT SEED FILE… | language-fuzz --wire COUNT SEED")
  exit(2)
}
Fuzzer(seed: seed, files: Array(arguments.dropFirst(3))).run(count)
