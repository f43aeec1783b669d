import Testing

@testable import Commands
@testable import Language

/// Each option of GNU parallel and xargs works in `brood run`, or a sentence tells what to write.
@Suite struct OptionAdviceTests {
  /// Options of GNU parallel 20221122 and of GNU xargs 4.9, by their manual pages, each with a value
  /// where it needs one.
  static let options = """
    --null -0 --arg-file=f -a f --arg-file-sep=x --arg-sep=x --bar --basefile=f --bf f \
    --basenamereplace=x --bnr x --basenameextensionreplace=x --bner x --bg --bibtex --block=1M \
    --block-size=1M --block-timeout=1 --bt 1 --cat --citation --cleanup --colsep=x -C x --compress \
    --compress-program=x --csv --ctag --ctagstring=x --delay=1 --delimiter=x -d x \
    --dirnamereplace=x --dnr x --dry-run -E x --eof=x -e --embed --env=X --eta --fg --fifo --files \
    --files0 --filter=x --filter-hosts --gnu --group --group-by=1 --halt=now --halt-on-error=1 \
    --header=: --help -h --hgrp --hostgroups -I x --replace=x -i -J x --jobs=2 -j2 --max-procs=2 \
    -P2 --joblog=f --keep-order -k -L 1 -l --limit=x --line-buffer --lb --link --xapply --load=1 \
    --controlmaster -M -m --max-lines=1 --max-args=1 -n 1 --max-chars=100 -s 100 \
    --max-replace-args=1 -N 1 --memfree=1G --memsuspend=1G --minversion=1 --nice=1 --noswap \
    --no-notice --nonall --number-of-cpus --number-of-cores --onall --open-tty -o \
    --output-as-files --parens=x --pipe --spreadstdin --pipepart=f --pipe-part --plain --plus \
    --process-slot-var=x --profile=x --progress -p --interactive --quote -q --no-run-if-empty -r \
    --recend=x --recstart=x --record-env --regexp --rrs --remove-rec-sep --results=d --res d \
    --resume --resume-failed --retries=2 --retry-failed --return=f --round-robin --round --rpl x \
    --rsync-opts=x --semaphore --semaphore-name=x --id x --semaphore-timeout=1 --st 1 \
    --seqreplace=x --session --shard=1 --shebang --hashbang --shell-quote --shuf \
    --skip-first-line --slotreplace=x --sqlmaster=x --sqlworker=x --sql=x --sqlandworker=x --ssh=x \
    --sshdelay=1 --sshlogin=h -S h --sshloginfile=f --slf f --tag --tagstring=x --tee --template=x \
    --termseq=x --timeout=1 --timeout=200% --tmpdir=x --tmux --tmuxpane --tollef --total-jobs=1 \
    --trc x --transfer --transferfile=f --tf f --trim=lr --tty --ungroup -u --unsafe \
    --use-cpus-instead-of-cores --use-sockets-instead-of-threads --verbose -t -v --version -V \
    --wait --will-cite --workdir=d --wd d -X --exit -x --xargs --max-chars=10 --show-limits \
    --ll --latest-line --color --color-failed --combineexec=x -R 1
    """.split(separator: " ").map(String.init)

  /// What stands in for `brood run` with these words, without running anything.
  private func answer(_ words: [String]) -> String? {
    do throws(ErrorObject) {
      _ = try RunLine.line.read(words + ["--", "true"])
      return "works"
    } catch {
      return error.help
    }
  }

  @Test(arguments: options.filter { $0.hasPrefix("-") }) func anOptionHasAnAnswer(_ word: String) {
    let name = word.prefix { $0 != "=" }
    let isKnown = FromParallel.options.all.contains { option in
      option.names.contains { $0 == name.drop { $0 == "-" } }
    }
    // Those of one letter may have their value at once.
    let advice = OptionAdvice.text(word, isLine: true)
    let help = answer([word]) ?? answer([word, "1"])
    #expect(help != nil, "\(word)")
    #expect(help != "see: brood run --help", "\(word) is unknown: \(isKnown)")
    #expect(help?.hasPrefix("did you mean") != true || advice == nil, "\(word): \(help ?? "")")
  }

  @Test func allThatIsTranslatedHasASentence() {
    for option in FromParallel.options.all + FromXargs.options.all {
      for name in option.names {
        let word = name.count > 1 ? "--\(name)" : "-\(name)"
        let text = OptionAdvice.text(word, isLine: false)
        #expect(text != nil, "\(word)")
        #expect(text?.contains("--from-parallel tells") != true, "\(word) has no sentence")
      }
    }
  }

  @Test func wordsThatNobodyKnows() {
    #expect(OptionAdvice.text("--laud", isLine: true) == nil)
    #expect(OptionAdvice.text("-Z", isLine: true) == nil)
    #expect(OptionAdvice.text("--", isLine: true) == nil)
    #expect(OptionAdvice.text("-", isLine: true) == nil)
  }

  @Test func someSentences() {
    #expect(OptionAdvice.text("--lb", isLine: true) == "it is --line here")
    let memory = OptionAdvice.text("--memfree=1G", isLine: true)
    #expect(memory == "it is --mem-free SIZE here, as --mem-free 1GiB")
    #expect(OptionAdvice.text("-k", isLine: true)?.hasPrefix("leave it out: ") == true)
    #expect(OptionAdvice.text("--resume", isLine: true)?.contains("--rerun missing") == true)
    #expect(OptionAdvice.text("-S", isLine: true)?.contains("--via ssh:") == true)
  }
}
