# Completions of brood for fish, made by: brood --completions fish

# The words of the program of `brood run`; fails while flags may still stand.
function __brood_run_program
  set -l words (commandline -opc)
  test "$words[2]" = run; or return 1
  set -e words[1..2]
  while set -q words[1]
    switch $words[1]
      case --
        set -e words[1]
        string escape -- $words
        return 0
      case -j -d -C -n -s --shell --jobs --file --delimiter --colsep --skip --max-inputs --max-chars --pipepart --block --lines --recend --recstart --timeout --grace --retries --backoff --halt --deadline --rate --delay --load --mem-free --tag-format --on-full --results --memory --status --nice --joblog --journal --rerun --key-env --via --nodes --allocate --cwd --send --env --lost --wait-hosts --fetch --only
        set -e words[1]
        # Its value may be what is being typed.
        set -q words[1]; or return 1
        set -e words[1]
      case '-*'
        set -e words[1]
      case '*'
        string escape -- $words
        return 0
    end
  end
  return 1
end

function __brood_run_flags
  set -l words (commandline -opc)
  test "$words[2]" = run; and not __brood_run_program >/dev/null
end

# Flags may stand, or the program, but no value of a flag.
function __brood_run_begins
  __brood_run_flags
  and not contains -- (commandline -opc)[-1] -j -d -C -n -s --shell --jobs --file --delimiter --colsep --skip --max-inputs --max-chars --pipepart --block --lines --recend --recstart --timeout --grace --retries --backoff --halt --deadline --rate --delay --load --mem-free --tag-format --on-full --results --memory --status --nice --joblog --journal --rerun --key-env --via --nodes --allocate --cwd --send --env --lost --wait-hosts --fetch --only
end

function __brood_run_complete
  complete -C (string join ' ' -- (__brood_run_program) (commandline -ct))
end

set -l first 'test (count (commandline -opc)) -eq 1'
set -l later 'test (count (commandline -opc)) -gt 1; and not contains -- (commandline -opc)[2] run why who deadlock tree sessions timeline blackbox attach sem --completions'
complete -c brood -f
complete -c brood -n $first -ka '(__fish_complete_suffix .brood)'
complete -c brood -n $later -F
complete -c brood -n $first -o c -d 'run TEXT; $args are the ARGS'
complete -c brood -n $first -l check -d 'report errors and warnings of files without running them'
complete -c brood -n $first -l completions -d 'print completions of this command line for a shell'
complete -c brood -n $first -l record -d 'record what the script does: help record'
complete -c brood -n $first -l version -d 'show the version and the commit'
complete -c brood -n $first -l help -d 'show this'
complete -c brood -n $first -a run -d 'Run a program for each of many inputs'
complete -c brood -n '__brood_run_program >/dev/null' -xa '(__brood_run_complete)'
complete -c brood -n __brood_run_begins -xa '(__fish_complete_command)'
complete -c brood -n $first -a why -d 'Tell why processes do not go on, and what would change that'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = why' -xa '(__fish_complete_pids)'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = why' -l json -d 'print the records as JSON'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = why' -l sources -d 'say where each fact is from'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = why' -l follow -d 'tell each change until the processes have ended'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = why' -l host -x -d 'on a machine of a pool: its name, as pool info has it'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = why' -l help -d 'show this'
complete -c brood -n $first -a who -d 'Tell which processes have a thing, and what they do with it'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = who' -F
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = who' -l json -d 'print the records as JSON'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = who' -l sources -d 'say where each fact is from'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = who' -l host -x -d 'on a machine of a pool: its name, as pool info has it'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = who' -l help -d 'show this'
complete -c brood -n $first -a deadlock -d 'Find processes that hold each other up'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = deadlock' -xa '(__fish_complete_pids)'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = deadlock' -l json -d 'print the records as JSON'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = deadlock' -l sources -d 'say where each fact is from'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = deadlock' -l help -d 'show this'
complete -c brood -n $first -a tree -d 'Draw a process and its descendants'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = tree' -xa '(__fish_complete_pids)'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = tree' -l json -d 'print the records as JSON'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = tree' -l help -d 'show this'
complete -c brood -n $first -a sessions -d 'List the other sessions of Brood that run now'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sessions' -f
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sessions' -l json -d 'print the records as JSON'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sessions' -l help -d 'show this'
complete -c brood -n $first -a timeline -d 'Show what was recorded, with who waited for what and who woke whom'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -F
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l last -x -d 'only the last part, this long'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l from -x -d 'only from this mark on'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l to -x -d 'only up to this mark'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l of -x -d 'only this process, by its name or pid'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l ascii -d 'draw with plain characters only'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l width -x -d 'draw this many columns wide'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l html -x -d 'write a page for a browser, to zoom, search and see the lines of arrows'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l svg -x -d 'write a picture'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l perfetto -x -d 'write a trace for ui.perfetto.dev'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l chrome -x -d 'write a trace as JSON, for Chrome and others'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l asciicast -x -d 'write what was printed, to be played by asciinema'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l json -d 'print the lanes and arrows as JSON'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l follow -d 'print events as they come, until all processes have ended'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = timeline' -l help -d 'show this'
complete -c brood -n $first -a blackbox -d 'Show what a session that ended badly has left'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = blackbox' -f
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = blackbox' -l json -d 'print the records as JSON'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = blackbox' -l list -d 'list all that there are'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = blackbox' -l to -x -d 'write what was recorded to a file, for timeline'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = blackbox' -l help -d 'show this'
complete -c brood -n $first -a attach -d 'Open a prompt in a session that runs'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = attach' -xa '(__fish_complete_pids)'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = attach' -s c -x -d 'run a text there, and leave'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = attach' -l help -d 'show this'
complete -c brood -n $first -a sem -d 'Run a program while it holds a permit that scripts share by name'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sem' -xa '(__fish_complete_subcommand)'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sem' -s j -x -d 'how many permits there are; 1 by default, a mutex'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sem' -l jobs -x -d 'how many permits there are; 1 by default, a mutex'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sem' -l name -x -d 'the semaphore; by default the terminals'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sem' -l fg -d 'wait for the programs end, and exit with its status'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sem' -l wait -d 'wait until no permit is held, and run nothing'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sem' -l timeout -x -d 'give up when no permit is free after this long: status 124'
complete -c brood -n 'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = sem' -l help -d 'show this'
complete -c brood -n __brood_run_flags -s j -r -F -d 'how many run at a time: 4, +1 or -1 of the usable CPUs, 50% of them, 0 for as many as possible, or a file with one of these; by default one for each usable CPU'
complete -c brood -n __brood_run_flags -s 0 -d 'inputs end with a null character instead of a line\'s end'
complete -c brood -n __brood_run_flags -s d -x -d 'inputs end with this text instead of a line\'s end, as , or \\t'
complete -c brood -n __brood_run_flags -s C -x -d 'columns are separated by this text, as , or \\t, or by blanks (\\s+); no regular expression'
complete -c brood -n __brood_run_flags -s n -x -d 'give each call of the program this many inputs'
complete -c brood -n __brood_run_flags -s X -d 'give each call as many inputs as fit, the last ones shared evenly'
complete -c brood -n __brood_run_flags -s s -x -d 'likewise, at most this many bytes of words, an end of each counted'
complete -c brood -n __brood_run_flags -l shell -x -d 'run a line by a shell in place of a program; inputs are not parsed by it'
complete -c brood -n __brood_run_flags -l jobs -r -F -d 'how many run at a time: 4, +1 or -1 of the usable CPUs, 50% of them, 0 for as many as possible, or a file with one of these; by default one for each usable CPU'
complete -c brood -n __brood_run_flags -l file -r -F -d 'a file whose lines are the inputs; - is standard input'
complete -c brood -n __brood_run_flags -l null -d 'inputs end with a null character instead of a line\'s end'
complete -c brood -n __brood_run_flags -l delimiter -x -d 'inputs end with this text instead of a line\'s end, as , or \\t'
complete -c brood -n __brood_run_flags -l colsep -x -d 'columns are separated by this text, as , or \\t, or by blanks (\\s+); no regular expression'
complete -c brood -n __brood_run_flags -l csv-in -d 'inputs are rows of CSV, with quotes; --colsep \';\' is another separator'
complete -c brood -n __brood_run_flags -l header -d 'the first input has the names of the columns, for {NAME}; \':\' may follow'
complete -c brood -n __brood_run_flags -l link -d 'take one input of each source, not every combination; of sources of unequal lengths repeat the shorter ones, or stop with the shortest'
complete -c brood -n __brood_run_flags -l skip -x -d 'leave out this many inputs at the beginning'
complete -c brood -n __brood_run_flags -l shuf -d 'take the inputs in a random order, when all are there: the same for a number'
complete -c brood -n __brood_run_flags -l max-inputs -x -d 'give each call of the program this many inputs'
complete -c brood -n __brood_run_flags -l fill -d 'give each call as many inputs as fit, the last ones shared evenly'
complete -c brood -n __brood_run_flags -l max-chars -x -d 'likewise, at most this many bytes of words, an end of each counted'
complete -c brood -n __brood_run_flags -l pipe -d 'cut standard input into blocks at ends of lines, each for a program\'s own'
complete -c brood -n __brood_run_flags -l pipepart -r -F -d 'likewise a file, which is not read here but where blocks end'
complete -c brood -n __brood_run_flags -l block -x -d 'how large a block is at least; 10MiB by default'
complete -c brood -n __brood_run_flags -l lines -x -d 'how many lines or records a block has, whatever their size'
complete -c brood -n __brood_run_flags -l recend -x -d 'what ends a record instead of a line\'s end, as \'\\n\\n\' or \'\\0\''
complete -c brood -n __brood_run_flags -l recstart -x -d 'what begins a record, as \'\\n>\'; it goes with --recend or without'
complete -c brood -n __brood_run_flags -l round-robin -d 'give each program many blocks, whenever it has taken one'
complete -c brood -n __brood_run_flags -l timeout -x -d 'end a task that takes longer: TERM, and KILL after --grace'
complete -c brood -n __brood_run_flags -l grace -x -d 'how long a task has to obey TERM; 2s by default'
complete -c brood -n __brood_run_flags -l retries -x -d 'try a task that failed again, up to this many times; by default a program never, and a block once where a signal ended its worker that Brood had not sent'
complete -c brood -n __brood_run_flags -l backoff -x -d 'wait before trying again, twice as long each time'
complete -c brood -n __brood_run_flags -l halt -x -a 'never soon now' -d 'when to stop: never, or start no more (soon) or end the running ones too (now), at the first failure, or after fail=N, fail=N%, success=N, done=N'
complete -c brood -n __brood_run_flags -l deadline -x -d 'end all that runs, and start no more, after this long'
complete -c brood -n __brood_run_flags -l rate -x -d 'start at most this many tasks in a second'
complete -c brood -n __brood_run_flags -l delay -x -d 'wait this long between two starts'
complete -c brood -n __brood_run_flags -l load -x -d 'start nothing while this many processes run on the machine, or N% of the usable CPUs'
complete -c brood -n __brood_run_flags -l mem-free -x -d 'start nothing while less memory is free'
complete -c brood -n __brood_run_flags -l unordered -d 'show outputs in the order in which the programs end'
complete -c brood -n __brood_run_flags -l line -d 'show each line as it comes, whole'
complete -c brood -n __brood_run_flags -l ungrouped -d 'let the programs write at once themselves'
complete -c brood -n __brood_run_flags -l tag -d 'put the input in front of each line of output'
complete -c brood -n __brood_run_flags -l tag-format -x -d 'put this in front of each line, with places as in the program\'s words'
complete -c brood -n __brood_run_flags -l color -d 'give each program\'s lines, or their tags, a colour of their own'
complete -c brood -n __brood_run_flags -l on-full -x -a 'wait fail' -d 'when a disk is full, wait for room as by default, or end the run'
complete -c brood -n __brood_run_flags -l json -d 'print a record for each program, a line of JSON, instead of its output'
complete -c brood -n __brood_run_flags -l csv -d 'print a table of the records as CSV instead of output'
complete -c brood -n __brood_run_flags -l results -r -F -d 'a new directory that gets a directory for each program, NUMBER-INPUT-KEY or as places say; or a file for all: .csv, .json or .jsonl'
complete -c brood -n __brood_run_flags -l memory -x -d 'how much memory each program may have of its own'
complete -c brood -n __brood_run_flags -l status -x -a 'any worst' -d 'the exit status: 1 if a program failed (any), or the highest of all programs (worst)'
complete -c brood -n __brood_run_flags -l nice -x -d 'the priority of the programs, from -20 (most) to 19'
complete -c brood -n __brood_run_flags -l tty -d 'let the programs have the terminal, one at a time'
complete -c brood -n __brood_run_flags -l keep-background -d 'let what programs leave behind go on; it is ended otherwise'
complete -c brood -n __brood_run_flags -l detach -d 'go on in a process of its own that outlives the shell'
complete -c brood -n __brood_run_flags -l dry-run -d 'only print what would be run'
complete -c brood -n __brood_run_flags -l progress -d 'show at the terminal how far it is'
complete -c brood -n __brood_run_flags -l eta -d 'read all inputs first, and show progress with the time that is left'
complete -c brood -n __brood_run_flags -l joblog -r -F -d 'write a line for each program into this file: times, status, command'
complete -c brood -n __brood_run_flags -l journal -r -F -d 'keep in this file what became of each task, for later runs'
complete -c brood -n __brood_run_flags -l rerun -x -a 'failed missing changed all' -d 'of a journal with entries run what never ended (missing), and also what failed (failed), what has changed (changed), or everything (all)'
complete -c brood -n __brood_run_flags -l key-env -x -d 'environment variables whose values make it another task'
complete -c brood -n __brood_run_flags -l verbose -d 'say of each task why the journal lets it run or not'
complete -c brood -n __brood_run_flags -l via -x -d 'on other machines: ssh:4/NODE1,USER@NODE2:PORT, 4/ being how many there; or a command that connects standard input and output, as \'podman exec -i box\''
complete -c brood -n __brood_run_flags -l slurm -d 'on the nodes of the Slurm allocation that this is in, or of a new one'
complete -c brood -n __brood_run_flags -l nodes -x -d 'how many nodes to allocate; 1 by default'
complete -c brood -n __brood_run_flags -l allocate -x -d 'words for salloc, as [-p, short, -t, 30], or in one text: \'-p short -t 30\''
complete -c brood -n __brood_run_flags -l install -d 'put this program into ~/.cache/brood of a host that has none'
complete -c brood -n __brood_run_flags -l cwd -x -d 'the directory there; by default this one\'s path'
complete -c brood -n __brood_run_flags -l send -x -d 'a file or directory that is to be there at the same path; for programs also with places'
complete -c brood -n __brood_run_flags -l env -x -d 'a variable that tasks there have as it is here'
complete -c brood -n __brood_run_flags -l lost -x -d 'make an attempt again that was lost with its host, up to this many times; 3 by default'
complete -c brood -n __brood_run_flags -l wait-hosts -x -d 'how long to try when no host is left; 5m by default'
complete -c brood -n __brood_run_flags -l fetch -x -d 'a file that a program makes there, brought to the same path here; with places'
complete -c brood -n __brood_run_flags -l only -x -d 'of a file of tasks, run these and what they need'
complete -c brood -n __brood_run_flags -l from-parallel -d 'only print what a line of GNU parallel is here'
complete -c brood -n __brood_run_flags -l from-xargs -d 'only print what a line of xargs is here'
complete -c brood -n __brood_run_flags -l help -d 'show this'
complete -c brood -n 'contains -- (commandline -opc)[-1] --completions' -xa 'bash fish zsh'
