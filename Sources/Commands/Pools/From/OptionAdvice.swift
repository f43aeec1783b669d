import Language

/// What an option of GNU parallel or xargs is in `pool run` and `brood run`, in one sentence.
enum OptionAdvice {
  /// - Parameters:
  ///   - word: as it was written: `-k`, `-N2`, `--lb`, `--memfree=1G`.
  ///   - isLine: it stands behind `brood run`, where flags have letters.
  /// - Returns: nil for what neither program knows.
  static func text(_ word: String, isLine: Bool) -> String? {
    let isLong = word.hasPrefix("--")
    let name =
      isLong
      ? String(word.dropFirst(2).prefix { $0 != "=" }) : String(word.dropFirst().prefix(1))
    if name.isEmpty { return nil }
    if !isLine, let own = ofLine(name) { return own }
    // Letters that xargs of BSD has are not those of GNU parallel.
    for option in FromParallel.options.all + FromXargs.options.all
    where option.names.contains(name) && (name.count > 1) == isLong {
      return sentence(option)
    }
    return nil
  }

  /// Throws where letters stand in front of a program in the language.
  static func refuseLetters(_ words: [[UInt8]], _ call: borrowing Call) throws {
    guard call.location != nil, let first = words.first,
      let word = String(validating: first, as: UTF8.self), word.count > 1, word.hasPrefix("-"),
      !word.hasPrefix("--")
    else { return }
    let letter = word.dropFirst().first
    let own = call.command.flags.first { $0.letter == letter }.map { flag in
      "it is \(flag.usage) in the language; letters are for 'brood run'"
    }
    throw call.error(
      .arity, "'pool run' has no flag '-\(letter.map(String.init) ?? "")'",
      at: call.site.inputCount > 0 ? 1 : 0,
      help: own ?? text(word, isLine: false)
        ?? "flags of pool run are long, as --jobs, and stand before the program's name")
  }

  /// Flags of `brood run` alone.
  private static func ofLine(_ name: String) -> String? {
    FromCommandLine.flags.contains { $0.name == name }
      ? "it is for the command line: ^brood run --\(name) -j4 gzip ::: a b" : nil
  }

  private static func sentence(_ option: FromOption) -> String {
    let value = option.argument == .required ? " VALUE" : ""
    switch option.meaning {
    case .flag(let flag), .duration(let flag): return "it is \(flag)\(value) here"
    case .size(let flag): return "it is \(flag) SIZE here, as \(flag) 1GiB"
    case .needless(let why): return "leave it out: \(why)"
    case .missing(let how): return "it has no equal: \(how)"
    case .special: return special[option.name] ?? "brood run --from-parallel tells what a line is"
    }
  }

  private static let failedAgain =
    "a run with --journal FILE runs again what failed by --journal FILE --rerun failed"

  /// By the first names of options.
  static let special: [String: String] = [
    "j": "it is --jobs N here",
    "delay": "it is --delay 100ms here",
    "workdir": "a program runs in another directory by: env -C DIR PROGRAM",
    "tmpdir": "the environment says it: TMPDIR=DIR brood run …",
    "process-slot-var": "{%} is the number of the place: env SLOT={%} PROGRAM",
    "q": "leave it out: words stay as they are, and nothing parses them again",
    "semaphore": "it is another command: brood sem -j 2 --name NAME -- PROGRAM",
    "id": "it is for another command: brood sem --name NAME -- PROGRAM",
    "fg": "it is for another command: brood sem --fg --name NAME -- PROGRAM",
    "bg": "it is for another command, which does so by itself: brood sem --name NAME -- PROGRAM",
    "wait": "it is for another command: brood sem --wait --name NAME",
    "st": "it is for another command: brood sem --timeout 10s --name NAME -- PROGRAM",
    "a": "inputs are read from a file by --file FILE, or by :::: FILE behind the program",
    "d": "it is --delimiter TEXT here",
    "C": "it is --colsep TEXT here",
    "header": "it is --header here",
    "skip-first-line": "it is --skip 1 here",
    "arg-sep": "inputs stand behind ':::'",
    "arg-file-sep": "files of inputs stand behind '::::'",
    "n": "it is --max-inputs N here, inputs for each call",
    "N": "--max-inputs N gives each call N inputs; with --pipe, --lines N each block N records",
    "L": "--max-inputs N gives each call N inputs, each a line",
    "l": "--max-inputs N gives each call N inputs, each a line",
    "X": "it is --fill here: as many inputs for each call as fit",
    "I": "{} is the place for an input, and {{}} a literal {}",
    "U": "{} is the place for an input, and {{}} a literal {}",
    "i": "{} is the place for an input, and {{}} a literal {}",
    "J": "{} is the place for an input, and {{}} a literal {}",
    "er": "{.} is the input without its extension",
    "bnr": "{/} is the last part of the input",
    "dnr": "{//} is the directory of the input",
    "bner": "{/.} is the last part of the input without its extension",
    "seqreplace": "{#} is the number of the input",
    "slotreplace": "{%} is the number of the place",
    "S": "it is --via ssh:4/HOST,HOST here",
    "trc": "it is --send {} --fetch {}.out here, with --via",
    "transfer": "it is --send {} here, with --via",
    "env": "leave it out: programs have the environment of this shell; with --via it is --env NAME",
    "ctag": "it is --tag --color here",
    "tagstring": "it is --tag-format 'TEXT\\t' here, with places as {} in it",
    "ctagstring": "it is --tag-format 'TEXT\\t' --color here",
    "joblog": "it is --joblog FILE here",
    "results": "it is --results DIR here",
    "resume": "a run with --journal FILE goes on by --journal FILE --rerun missing",
    "resume-failed": failedAgain, "retry-failed": failedAgain,
    "pipepart": "it is --pipepart FILE here",
    "block": "it is --block SIZE here",
    "halt": "it is --halt now or soon here, as --halt now,fail=3",
    "retries": "it is --retries N here, which does not count the first attempt",
    "timeout": "it is --timeout 10s here",
  ]
}
