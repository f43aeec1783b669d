/// Habits of other languages and shells, each with the line to write instead.
///
/// In the texts `{…}` stands for what was written: `{name}` the first name, `{value}` what follows
/// a `=`, `{rest}` all that follows, `{call}` a name with its parameters, `{args}` the arguments
/// of a call as words and `{1}` `{2}` single ones, `{object}` the value of what stands before the last dot,
/// `{target}` its name.
enum HintTable {
  /// What a statement begins with; the first that fits counts.
  ///
  /// A word fits as a whole; one that ends in a blank and a sign where the next word begins so.
  static let statements: [(start: String, help: String)] = [
    // Functions
    ("def", "a function is written: fn {call} { … }"),
    ("function", "a function is written: fn {call} { … }"),
    ("func", "a function is written: fn {call} { … }"),
    ("fun", "a function is written: fn {call} { … }"),
    ("sub", "a function is written: fn {call} { … }"),
    ("proc", "a function is written: fn {call} { … }"),
    ("lambda", "a function as a value is a block: { |x| … }"),
    ("alias", "write a function: fn {name}(...args) { ^{value} ...$args }"),
    ("abbr", "write a function: fn {name}(...args) { … }"),
    ("class", "there are no classes; a map holds fields: [name: \"…\"]"),
    ("struct", "there are no classes; a map holds fields: [name: \"…\"]"),
    ("pass", "an empty block is written { }"),
    (":", "an empty block is written { }"),
    // Other files
    ("import", "nothing is imported: help lists all commands; 'source FILE' runs a file here"),
    ("from", "nothing is imported: help lists all commands; 'source FILE' runs a file here"),
    ("include", "'source FILE' runs a file here"),
    ("require", "'source FILE' runs a file here"),
    ("using", "nothing is imported: help lists all commands; 'source FILE' runs a file here"),
    (".", "'source {rest}' runs a file here"),
    // Variables
    ("export -f", "a forked block knows all functions; a program is given none of them"),
    ("export -", "write 'env.NAME = \"…\"'; programs see it from then on"),
    ("export", "write 'env.{name} = \"{value}\"'; programs see it from then on"),
    ("setenv", "write 'env.{name} = \"…\"'; programs see it from then on"),
    ("unset -f", "a function stays until another one has its name"),
    ("unset -", "write 'env.NAME = null' for a variable of the environment"),
    (
      "unset",
      "write 'env.{name} = null' for a variable of the environment; others end with their block"
    ),
    ("unsetenv", "write 'env.{name} = null'"),
    ("declare -", "write 'let NAME = …', or 'var' for one that changes"),
    ("typeset -", "write 'let NAME = …', or 'var' for one that changes"),
    ("local -", "write 'let NAME = …', or 'var' for one that changes"),
    ("readonly -", "write 'let NAME = …'"),
    ("mapfile", "write 'let xs = (lines (read \"FILE\"))'"),
    ("readarray", "write 'let xs = (lines (read \"FILE\"))'"),
    ("local", "write 'let {name} = {value}', or 'var' for one that changes"),
    ("declare", "write 'let {name} = {value}', or 'var' for one that changes"),
    ("typeset", "write 'let {name} = {value}', or 'var' for one that changes"),
    ("readonly", "write 'let {name} = {value}'"),
    ("const", "write 'let {name} = {value}'"),
    ("val", "write 'let {name} = {value}'"),
    ("my", "write 'var {name} = {value}'"),
    ("set -", "nothing is to be set: an error ends a script unless 'try' or 'ok' takes it"),
    ("set +", "nothing is to be set: 'ok COMMAND' goes on where a command fails"),
    ("set", "write 'var {name} = {value}'; config shows and changes settings"),
    ("global", "a block changes variables around it as they are; in a child it has copies"),
    ("nonlocal", "a block changes variables around it as they are; in a child it has copies"),
    ("shift", "(drop $args 1) is the arguments without the first"),
    ("del", "'remove' yields a list or a map without an item: name = (remove $name KEY)"),
    ("push", "write '{name} += […]' for an item of a list"),
    // Branches and loops
    ("elif", "write 'else if' behind the '}' of the block before"),
    ("elsif", "write 'else if' behind the '}' of the block before"),
    ("elseif", "write 'else if' behind the '}' of the block before"),
    ("then", "blocks stand in braces: if CONDITION { … } else { … }"),
    ("fi", "blocks stand in braces: if CONDITION { … } else { … }"),
    ("endif", "blocks stand in braces: if CONDITION { … } else { … }"),
    ("do", "blocks stand in braces: while CONDITION { … }, for x in LIST { … }"),
    ("done", "blocks stand in braces: while CONDITION { … }, for x in LIST { … }"),
    ("end", "blocks stand in braces and end with '}'"),
    ("esac", "write 'if CONDITION { … } else if CONDITION { … } else { … }'"),
    ("case", "write 'if CONDITION { … } else if CONDITION { … } else { … }'"),
    ("switch", "write 'if CONDITION { … } else if CONDITION { … } else { … }'"),
    ("match", "write 'if CONDITION { … } else if CONDITION { … } else { … }'"),
    ("unless", "write 'if not CONDITION { … }'"),
    ("until", "write 'while not CONDITION { … }'"),
    ("foreach", "write 'for x in LIST { … }'"),
    ("loop", "write 'while true { … }', and 'break' to leave it"),
    ("repeat", "write 'for i in 1..{rest} { … }'"),
    // Errors
    ("raise", "write 'throw \"…\"'"),
    ("die", "write 'throw \"…\"'"),
    ("except", "write 'try { … } catch e { … }', all on the line of the '}'"),
    ("except:", "write 'try { … } catch e { … }'"),
    ("try:", "write 'try { … } catch e { … } finally { … }'"),
    ("finally:", "write 'try { … } finally { … }'"),
    ("else:", "write 'if CONDITION { … } else { … }'"),
    ("trap", "write 'signal on INT { … }' for a signal, 'on-exit { … }' for the end"),
    // Processes
    ("parallel", "write 'pool run -- PROGRAM ::: INPUTS'; help parallel has the usual lines"),
    ("xargs", "write 'pool run -- PROGRAM', which reads lines; help xargs has the usual lines"),
    ("coproc", "'let p = {rest} &' runs it meanwhile; 'help pipe new' tells how to talk with it"),
    ("with Pool", "'pool with 4 { … }' has a pool while a block runs"),
    ("with", "'lock with NAME { … }' holds a lock while a block runs"),
    ("async", "'fork { … }' runs a block in a process, 'wait' yields its value"),
    ("await", "'wait PROCESS' yields how it ended, with its value"),
    ("waitpid -", "write 'wait --any' for the first that ends"),
    ("waitpid", "write 'wait {rest}', or 'wait --any' for the first that ends"),
    ("disown", "write 'detach PROCESS'"),
    ("nohup", "'fork --detach { … }' runs a block that outlives the session"),
    ("suspend", "'stop $pid' stops this shell; 'stop PROCESS' another one"),
    (
      "ulimit",
      "prlimit shows and sets limits, of this process and what it starts: prlimit --pid $pid --nofile=1024"
    ),
    ("umask", "it is of the shell that starts this one; for a program: sh -c 'umask 022; PROGRAM'"),
    ("times", "'time COMMAND' yields how long it takes; (info $pid).cpu is what this process used"),
    ("eval", "'call { … }' runs a block, 'sh -c TEXT' a text of a shell"),
    ("command -", "'type {last}' tells what is run by that name; help {last} explains a command"),
    ("command", "write '^{rest}' for the program of that name"),
    ("whence", "'type {last}' tells what is run by that name"),
    ("where", "'type {last}' tells what is run by that name"),
    ("builtin", "write {rest} alone; '^' in front of a name means the program"),
    // The session
    ("quit", "write 'exit' to leave"),
    ("pushd", "'cd {rest}' goes there, and 'cd -' comes back"),
    ("popd", "'cd -' goes back to the directory before"),
    ("dirs", "'pwd' is the directory, and 'cd -' goes back to the one before"),
    ("hash", "programs are looked up anew each time"),
    ("rehash", "programs are looked up anew each time"),
    ("shopt", "config shows and changes settings"),
    ("setopt", "config shows and changes settings"),
    ("bind", "keys stand in ~/.inputrc, between '$if brood' and '$endif' for Brood alone"),
    ("complete", "completion knows commands, flags, names and files by itself"),
    ("compgen", "Tab shows what may stand at the cursor"),
    ("logout", "write 'exit' to leave"),
    ("bye", "write 'exit' to leave"),
    ("q", "write 'exit' to leave"),
    (":q", "write 'exit' to leave"),
    (":wq", "write 'exit' to leave"),
    ("!!", "Up brings back what was typed before; history lists it"),
    ("println", "write 'print {rest}'"),
    ("puts", "write 'print {rest}'"),
    ("getopts", "'fn main(name, --flag) { … }' gets a script's arguments and flags"),
  ]

  /// Constants of other languages.
  static let constants: [String: String] = [
    "True": "true", "TRUE": "true", "False": "false", "FALSE": "false", "None": "null",
    "nil": "null", "NULL": "null", "undefined": "null", "nullptr": "null",
  ]

  /// What is called as `name(…)` or `object.name(…)` elsewhere, by its last name.
  ///
  /// The first that fits counts; in brackets stands the number of arguments, or the first one.
  static let calls: [(name: String, line: String)] = [
    // Of os and its kin
    ("fork", "fork"),
    ("getpid", "getpid"),
    ("getppid", "getppid"),
    ("waitpid(-1)", "wait --any"),
    ("waitpid", "wait {1}"),
    ("kill(2)", "kill -{2} {1}"),
    ("kill", "kill {object}"),
    ("_exit", "_exit {args}"),
    ("execl", "exec PROGRAM ARGUMENT…"),
    ("execlp", "exec PROGRAM ARGUMENT…"),
    ("execv", "exec PROGRAM ARGUMENT…"),
    ("execve", "exec PROGRAM ARGUMENT…"),
    ("execvp", "exec PROGRAM ARGUMENT…"),
    ("system", "PROGRAM ARGUMENT…"),
    ("popen", "(^PROGRAM ARGUMENT…)"),
    ("Popen", "spawn PROGRAM ARGUMENT…"),
    ("check_output", "(^PROGRAM ARGUMENT…)"),
    ("check_call", "PROGRAM ARGUMENT…"),
    ("dup2", "COMMAND > FILE"),
    ("getenv", "$env.NAME"),
    ("listdir", "(glob \"*\")"),
    ("chdir", "cd {args}"),
    ("getcwd", "pwd"),
    ("sleep", "sleep {args}"),
    // Of multiprocessing and threading
    ("Process", "fork { … }"),
    ("Thread", "fork { … }"),
    ("start", "process start {object}"),
    ("run", "PROGRAM ARGUMENT…"),
    ("join(0)", "wait {object}"),
    ("join", "join {args} {object}"),
    ("wait", "wait {object}"),
    ("terminate", "terminate {object}"),
    ("is_alive", "process alive {object}"),
    ("current_process", "getpid"),
    ("active_children", "ps"),
    ("cpu_count", "(^nproc)"),
    ("Queue", "queue new"),
    ("SimpleQueue", "queue new"),
    ("JoinableQueue", "queue new"),
    ("put", "queue put {object} {args}"),
    ("put_nowait", "queue put {object} {args} --timeout 0s"),
    ("get(0)", "queue get {object}"),
    ("get_nowait", "queue get {object} --timeout 0s"),
    ("qsize", "queue size {object}"),
    ("empty", "queue empty {object}"),
    ("full", "queue full {object}"),
    ("task_done", "queue ack {object}"),
    ("Pipe", "pipe new"),
    ("pipe", "pipe new"),
    ("send", "pipe send {object} {args}"),
    ("recv", "pipe recv {object}"),
    ("poll", "pipe poll {object}"),
    ("Lock", "lock new"),
    ("RLock", "lock new --reentrant"),
    ("Mutex", "lock new"),
    ("acquire", "lock acquire {object}"),
    ("release", "lock release {object}"),
    ("Semaphore", "sem new NAME {args}"),
    ("BoundedSemaphore", "sem new NAME {args}"),
    ("Event", "event new"),
    ("is_set", "event is-set {object}"),
    ("set(0)", "event set {object}"),
    ("Barrier", "barrier new NAME {args}"),
    ("Condition", "cond new"),
    ("notify", "cond notify {object}"),
    ("notify_all", "cond notify-all {object}"),
    ("Value", "shm new int 0"),
    ("Array", "shm new int --count 10"),
    ("Manager", "queue new"),
    ("Pool", "pool new {args}"),
    ("ProcessPoolExecutor", "pool new"),
    ("ThreadPoolExecutor", "pool new"),
    ("apply_async", "pool submit FUNCTION ARGUMENT…"),
    ("submit", "pool submit FUNCTION ARGUMENT…"),
    ("imap", "pool imap LIST FUNCTION"),
    ("imap_unordered", "pool imap LIST FUNCTION"),
    ("starmap", "pool starmap LIST FUNCTION"),
    ("map(2)", "pool map {2} {1} --pool {object}"),
    ("map_async", "pool map LIST FUNCTION"),
    // Of texts, lists and maps
    ("append", "{target} += [{1}]"),
    ("push", "{target} += [{1}]"),
    ("extend", "{target} += {1}"),
    ("lower", "lower {object}"),
    ("upper", "upper {object}"),
    ("strip", "trim {object}"),
    ("startswith", "starts-with {object} {args}"),
    ("endswith", "ends-with {object} {args}"),
    ("items", "pairs {object}"),
    ("has_key", "{1} in {object}"),
    ("format", "\"… $name …\""),
    // Functions
    ("println", "print {args}"),
    ("printf", "print {args}"),
    ("puts", "print {args}"),
    ("log", "print {args}"),
    ("str", "string {args}"),
    ("sorted", "sort {args}"),
    ("open", "read FILE"),
    ("quit", "exit {args}"),
    ("isinstance", "(type {1}) == \"{2}\""),
    ("lambda", "{ |x| … }"),
  ]

  /// Built-ins that other shells have for something else, each called as there: the first that fits counts.
  ///
  /// A name alone fits where no argument follows; one with a sign where the next word begins so; one with
  /// `…` where names follow.
  static let misused: [(start: String, help: String)] = [
    (
      "exec",
      "what several commands write goes to a file by { … } > FILE; `exec PROGRAM > FILE` becomes a program"
    ),
    ("read -", "a line of standard input is read by: let {last} = input"),
    ("read …", "a line of standard input is read by: let {last} = input"),
    ("type -", "'type {last}' tells what is run by that name; help {last} explains a command"),
    ("type …", "one at a time: 'type {last}' tells what is run by that name"),
    ("jobs -", "'jobs' shows the pids, too; map (jobs) { |j| $j.pid } is a list of them"),
  ]

  /// Modules of Python, which are no variables whose method could be meant.
  static let modules: Set<String> = [
    "asyncio", "console", "io", "json", "math", "mp", "multiprocessing", "os", "os.path", "queue",
    "random", "re", "shutil", "signal", "subprocess", "sys", "threading", "time",
  ]

  /// Signs that are no operators, longest first.
  ///
  /// `{left}` and `{right}` are their operands, `{name}` the left one's name.
  static let signs: [(sign: String, help: String)] = [
    ("===", "there is no '==='; write '{left} == {right}'"),
    ("!==", "there is no '!=='; write '{left} != {right}'"),
    ("**=", "there is no '**='; write '{name} = (pow ${name} {right})'"),
    ("<=>", "there is no '<=>'; write '<', '==' or '>'"),
    ("**", "there is no '**'; write (pow {left} {right})"),
    ("<>", "there is no '<>'; write '{left} != {right}'"),
    ("=~", "there is no '=~'; write (contains {left} {right})"),
    ("=>", "a function as a value is a block: { |x| … }"),
    ("->", "a function as a value is a block: { |x| … }"),
    ("++", "there is no '++'; write '{name} += 1'"),
    ("--", "there is no '--'; write '{name} -= 1'"),
    (":=", "write 'let {name} = {right}', or '{name} = …' for a variable"),
    ("= =", "compare with '=='; assign as 'name = value'"),
    ("&&", "in an expression write 'and'; '&&' connects commands"),
    ("||", "in an expression write 'or'; '||' connects commands"),
    ("+=", "a variable is assigned without '$': {name} += {right}"),
    ("-=", "a variable is assigned without '$': {name} -= {right}"),
    ("*=", "a variable is assigned without '$': {name} *= {right}"),
    ("/=", "a variable is assigned without '$': {name} /= {right}"),
    ("?:", "write '{left} ?? {right}' for a default"),
    ("?", "write: if CONDITION { … } else { … }, which is a value behind '='"),
    (",", "several values are a list: [1, 2]"),
    ("^", "there is no operator '^'; 'pow' raises to a power"),
    ("~", "there is no operator '~'"),
    ("&", "there is no operator '&'; 'and' combines conditions"),
  ]

  /// Words that stand where a block or the end of a statement was expected.
  static let connectives: [(word: String, help: String)] = [
    ("then", "a block in braces follows the condition: if … { … }"),
    ("do", "a block in braces follows: while … { … }, for x in LIST { … }"),
    (":", "a block stands in braces: { … }"),
    ("elif", "write 'else if'"),
    ("elsif", "write 'else if'"),
    ("elseif", "write 'else if'"),
    ("except", "write 'catch'"),
    ("rescue", "write 'catch'"),
    ("ensure", "write 'finally'"),
    ("is", "compare with '=='"),
    ("isnt", "compare with '!='"),
    ("as", "'let NAME = …' names a value"),
    ("unless", "the condition stands in front: if not … { … }"),
    ("if", "the condition stands in front: if … { … }"),
  ]

  /// What stands behind `$` in other shells.
  static let parameters: [(sign: Character, help: String)] = [
    ("?", "(status COMMAND).exit is how a program ended; 'ok COMMAND' tells whether it succeeded"),
    ("#", "(len $args) is the number of a script's arguments"),
    ("@", "...$args passes all arguments of a script on"),
    ("*", "...$args passes all arguments of a script on"),
    ("$", "$pid is this process's number"),
    ("!", "CMD & yields its process: let p = CMD &"),
    ("-", "config shows the settings"),
  ]
}

/// The remedy for a program's name that is a line of a shell, as `ls -l | wc`; nil for a name.
public func shellLineHint(_ name: String) -> String? {
  let signs = " \t\n|&;<>()$`*?"
  guard name.contains(where: { signs.contains($0) }) else { return nil }
  let quoted = name.contains("'") ? Value.text(name).asLiteral : "'\(name)'"
  return "a line of a shell is run by: sh -c \(quoted)"
}
