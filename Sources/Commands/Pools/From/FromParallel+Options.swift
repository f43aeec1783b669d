/// The options of GNU parallel.
extension FromParallel {
  private static let sending = "--send and --fetch move files by the connection that there is"
  private static let info = "what it tells is about GNU parallel"
  private static let pattern = "a program that cuts the stream runs in front, as csplit or split"

  static let options = FromOptions(
    program: "GNU parallel", all: running + inputs + showing + blocks + ending + others)

  private static let running = [
    FromOption("j jobs P max-procs maxprocs procs", .required),
    FromOption("delay", .required), FromOption("load", .required, .flag("--load")),
    FromOption("memfree", .required, .size("--mem-free")),
    FromOption(
      "memsuspend", .required,
      .missing("--mem-free holds starts back, --memory bounds each program")),
    FromOption(
      "noswap", .none, .missing("--mem-free holds starts back, --memory bounds each program")),
    FromOption("limit", .required, .missing("--load and --mem-free hold starts back")),
    FromOption("nice", .required, .flag("--nice")),
    FromOption("dry-run dryrun dr", .none, .flag("--dry-run")),
    FromOption("tty", .none, .flag("--tty")), FromOption("o open-tty", .none, .flag("--tty")),
    FromOption("workdir work-dir wd", .required), FromOption("tmpdir tempdir", .required),
    FromOption("env", .required),
    FromOption(
      "record-env recordenv", .none, .needless("programs have the environment of this shell")),
    FromOption("process-slot-var", .required), FromOption("q quote", .none),
    FromOption(
      "p interactive", .none,
      .missing("--dry-run shows what would be run, and sh runs those lines that are kept of it")),
    FromOption(
      "shellquote shell-quote shell_quote", .none,
      .missing("--dry-run shows words as sh reads them")),
    FromOption(
      "use-cpus-instead-of-cores", .none, .needless("-j is by default the CPUs that may be used")),
    FromOption("use-cores-instead-of-threads", .none, .missing("-j N is how many run at a time")),
    FromOption("use-sockets-instead-of-threads", .none, .missing("-j N is how many run at a time")),
    FromOption("semaphore sem"), FromOption("id semaphorename semaphore-name", .required),
    FromOption("fg", .none), FromOption("bg", .none), FromOption("wait", .none),
    FromOption("st semaphoretimeout semaphore-timeout", .required),
  ]

  private static let inputs = [
    FromOption("a arg-file argfile", .required), FromOption("0 null", .none, .flag("-0")),
    FromOption("d delimiter", .required), FromOption("C colsep col-sep", .required),
    FromOption("csv", .none, .flag("--csv-in")), FromOption("header", .required),
    FromOption("skip-first-line skipfirstline", .none), FromOption("shuf", .none, .flag("--shuf")),
    FromOption("link xapply", .none, .flag("--link=repeat")),
    FromOption("linkinputsource xapplyinputsource", .required, .missing(":::+ links two sources")),
    FromOption("arg-sep argsep", .required), FromOption("arg-file-sep argfilesep", .required),
    FromOption(
      "trim", .required, .missing("sed 's/^[[:blank:]]*//; s/[[:blank:]]*$//' | in front trims")),
    FromOption("E", .required, .missing("sed '/^END$/,$d' | in front ends the inputs there")),
    FromOption("e eof", .optional, .missing("sed '/^END$/,$d' | in front ends the inputs there")),
    FromOption("filter", .required, .missing("if, within --shell, leaves inputs out")),
    FromOption(
      "r no-run-if-empty", .none,
      .needless("without inputs nothing is run; grep . | in front leaves out empty ones")),
    FromOption("n max-args maxargs", .required), FromOption("N max-replace-args", .required),
    FromOption("L", .required), FromOption("l max-lines maxlines", .optional),
    FromOption("X m xargs", .none),
    FromOption("s max-chars maxchars", .required, .flag("--max-chars")),
    FromOption(
      "x exit", .none, .needless("what does not fit into a call is told as a failure anyway")),
    FromOption("I", .required), FromOption("U", .required), FromOption("i replace", .optional),
    FromOption("er extensionreplace extension-replace", .required),
    FromOption("bnr basenamereplace", .required), FromOption("dnr dirnamereplace", .required),
    FromOption("bner basenameextensionreplace", .required),
    FromOption("seqreplace", .required), FromOption("slotreplace", .required),
    FromOption("plus", .none, .needless("places are told one by one")),
    FromOption("parens", .required, .missing("places are written in braces")),
    FromOption(
      "rpl", .required, .missing("--shell computes from an input, as ${x%.*}, after x={}")),
  ]

  private static let showing = [
    FromOption(
      "k keep-order keeporder", .none, .needless("outputs stand in the order of the inputs")),
    FromOption("no-keep-order nokeeporder", .none, .flag("--unordered")),
    FromOption("group g", .none, .needless("the output of each program is shown whole")),
    FromOption("u ungroup", .none, .flag("--ungrouped")),
    FromOption("lb line-buffer linebuffer line-buffered linebuffered", .none, .flag("--line")),
    FromOption("ll latest-line latestline", .none, .missing("--line shows lines as they come")),
    FromOption("tag", .none, .flag("--tag")), FromOption("ctag", .none),
    FromOption("tagstring tag-string", .required), FromOption("ctagstring", .required),
    FromOption("color", .none, .flag("--color")),
    FromOption("color-failed cf", .none, .missing("what fails is told at the end")),
    FromOption("bar", .none, .flag("--progress")),
    FromOption("progress", .none, .flag("--progress")),
    FromOption("eta", .none, .flag("--eta")),
    FromOption(
      "total-jobs totaljobs total", .required, .missing("--eta counts the inputs read so far")),
    FromOption("joblog jl", .required), FromOption("results result res", .required),
    FromOption("resume", .none), FromOption("resume-failed resumefailed", .none),
    FromOption("retry-failed retryfailed", .none),
    FromOption(
      "files output-as-files", .optional,
      .missing("--results DIR keeps outputs, in the files DIR/*/stdout")),
    FromOption("files0", .none, .missing("--results DIR keeps outputs, in the files DIR/*/stdout")),
    FromOption("template tmpl", .required, .missing("--shell writes files from inputs")),
    FromOption("compress", .none, .missing("what is large waits in TMPDIR as it is")),
    FromOption("compress-program", .required, .missing("what is large waits in TMPDIR as it is")),
    FromOption("decompress-program", .required, .missing("what is large waits in TMPDIR as it is")),
    FromOption(
      "sql sqlmaster sqlworker sqlandworker", .required,
      .missing("--results FILE.json and --journal FILE keep what became of each task")),
    FromOption("t verbose", .none, .missing("--dry-run shows the lines; --joblog FILE has them")),
    FromOption("v", .none, .missing("--dry-run shows the lines; --joblog FILE has them")),
    FromOption("tmux", .none, .missing("--tty lets one program at a time have the terminal")),
    FromOption(
      "tmuxpane tmux-pane", .none, .missing("--tty lets one program at a time have the terminal")),
    FromOption("silent", .none, .needless("it is silent")),
  ]

  private static let blocks = [
    FromOption("pipe spreadstdin", .none, .flag("--pipe")),
    FromOption("pipepart pipe-part", .none),
    FromOption("block block-size blocksize", .required),
    FromOption(
      "blocktimeout block-timeout bt", .required, .missing("a block goes on when it is full")),
    FromOption("recstart", .required, .flag("--recstart")),
    FromOption("recend", .required, .flag("--recend")),
    FromOption("regexp regex", .none, .missing("the marks of records are taken as they stand")),
    FromOption("rrs remove-rec-sep removerecsep", .none, .missing("a program gets the marks, too")),
    FromOption("round-robin roundrobin round robin", .none, .flag("--round-robin")),
    FromOption(
      "cat fifo", .none, .missing("--shell 'cat > FILE; PROGRAM FILE' makes a file of its input")),
    FromOption("tee", .none, .missing("tee, as: tee >(PROGRAM A) >(PROGRAM B)")),
    FromOption("group-by groupby", .required, .missing(pattern)),
    FromOption("shard bin", .required, .missing(pattern)),
  ]

  private static let ending = [
    FromOption("halt halt-on-error haltonerror", .required), FromOption("retries", .required),
    FromOption("timeout", .required),
    FromOption("termseq term-seq", .required, .missing("TERM is sent, and after --grace 2s KILL")),
    FromOption("ctrlc ctrl-c", .none, .needless("Ctrl-C ends the programs")),
    FromOption(
      "noctrlc no-ctrlc", .none, .missing("Ctrl-C ends the programs; --detach lets them go on")),
  ]

  private static let others = [
    FromOption("S sshlogin", .required),
    FromOption(
      "sshloginfile slf", .required, .missing("--via ssh:4/HOST,HOST names the machines")),
    FromOption("transferfile transfer-file tf", .required, .flag("--send")),
    FromOption("return", .required, .flag("--fetch")), FromOption("trc", .required),
    FromOption("transfer", .none), FromOption("basefile bf", .required, .flag("--send")),
    FromOption(
      "cleanup", .none, .needless("what was sent for a program is removed when it has ended")),
    FromOption("ssh", .required, .missing("--via 'ssh -p 2222 HOST' is any way to a machine")),
    FromOption("sshdelay ssh-delay", .required, .needless("few connections begin at a time")),
    FromOption("rsync-opts rsyncopts", .required, .missing(sending)),
    FromOption(
      "onall nonall", .none, .missing("a line for each machine has --via ssh:1/HOST")),
    FromOption(
      "filter-hosts", .none, .needless("a machine that cannot be had is told of and left out")),
    FromOption("M controlmaster", .none, .needless("there is one connection to each machine")),
    FromOption(
      "hgrp hostgrp hostgroups", .none, .missing("--via names the machines of this run")),
    FromOption("J profile", .required, .missing("write the options of the profile here")),
    FromOption(
      "plain gnu will-cite willcite no-notice nonotice nn", .none,
      .needless("there is no other way")),
    FromOption("session", .none, .missing("export -f and export pass functions and variables on")),
    FromOption(
      "embed shebang hashbang shebang-wrap", .none, .missing("a script has the line itself")),
    FromOption("tollef", .none, .missing("the inputs stand behind ':::'")),
    FromOption("minversion min-version", .required, .missing(info)),
    FromOption(
      "citation bibtex version V help h man number-of-cpus number-of-cores number-of-sockets "
        + "number-of-threads max-line-length-allowed show-limits", .none, .missing(info)),
    FromOption("D debug", .required, .missing(info)),
    FromOption("unsafe combine-exec combineexec", .none, .missing(info)),
  ]
}
