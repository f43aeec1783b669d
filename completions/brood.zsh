#compdef brood
# Completions of brood for zsh, made by: brood --completions zsh

_brood_first() {
  _alternative     'commands:command:((run\:"Run a program for each of many inputs" why\:"Tell why processes do not go on, and what would change that" who\:"Tell which processes have a thing, and what they do with it" deadlock\:"Find processes that hold each other up" tree\:"Draw a process and its descendants" sessions\:"List the other sessions of Brood that run now" timeline\:"Show what was recorded, with who waited for what and who woke whom" blackbox\:"Show what a session that ended badly has left" attach\:"Open a prompt in a session that runs" sem\:"Run a program while it holds a permit that scripts share by name"))'     'scripts:script:_files -g "*.brood(-.)"'
}

_brood() {
  if (( CURRENT > 2 )) && [[ ${words[2]} == run ]]; then
    shift words
    (( CURRENT-- ))
    _arguments -S       '-j+[how many run at a time\: 4, +1 or -1 of the usable CPUs, 50% of them, 0 for as many as possible, or a file with one of these; by default one for each usable CPU]:count:_files' \
      '-0[inputs end with a null character instead of a line'\''s end]' \
      '-d+[inputs end with this text instead of a line'\''s end, as , or \t]:text: ' \
      '-C+[columns are separated by this text, as , or \t, or by blanks (\s+); no regular expression]:text: ' \
      '-n+[give each call of the program this many inputs]:int: ' \
      '-X[give each call as many inputs as fit, the last ones shared evenly]' \
      '-s+[likewise, at most this many bytes of words, an end of each counted]:int: ' \
      '--shell=[run a line by a shell in place of a program; inputs are not parsed by it]:text: ' \
      '--jobs=[how many run at a time\: 4, +1 or -1 of the usable CPUs, 50% of them, 0 for as many as possible, or a file with one of these; by default one for each usable CPU]:count:_files' \
      '--file=[a file whose lines are the inputs; - is standard input]:path:_files' \
      '--null[inputs end with a null character instead of a line'\''s end]' \
      '--delimiter=[inputs end with this text instead of a line'\''s end, as , or \t]:text: ' \
      '--colsep=[columns are separated by this text, as , or \t, or by blanks (\s+); no regular expression]:text: ' \
      '--csv-in[inputs are rows of CSV, with quotes; --colsep '\'';'\'' is another separator]' \
      '--header[the first input has the names of the columns, for {NAME}; '\''\:'\'' may follow]' \
      '--link[take one input of each source, not every combination; of sources of unequal lengths repeat the shorter ones, or stop with the shortest]' \
      '--skip=[leave out this many inputs at the beginning]:count: ' \
      '--shuf[take the inputs in a random order, when all are there\: the same for a number]' \
      '--max-inputs=[give each call of the program this many inputs]:int: ' \
      '--fill[give each call as many inputs as fit, the last ones shared evenly]' \
      '--max-chars=[likewise, at most this many bytes of words, an end of each counted]:int: ' \
      '--pipe[cut standard input into blocks at ends of lines, each for a program'\''s own]' \
      '--pipepart=[likewise a file, which is not read here but where blocks end]:path:_files' \
      '--block=[how large a block is at least; 10MiB by default]:size: ' \
      '--lines=[how many lines or records a block has, whatever their size]:int: ' \
      '--recend=[what ends a record instead of a line'\''s end, as '\''\n\n'\'' or '\''\0'\'']:text: ' \
      '--recstart=[what begins a record, as '\''\n>'\''; it goes with --recend or without]:text: ' \
      '--round-robin[give each program many blocks, whenever it has taken one]' \
      '--timeout=[end a task that takes longer\: TERM, and KILL after --grace]:duration: ' \
      '--grace=[how long a task has to obey TERM; 2s by default]:duration: ' \
      '--retries=[try a task that failed again, up to this many times; by default a program never, and a block once where a signal ended its worker that Brood had not sent]:count: ' \
      '--backoff=[wait before trying again, twice as long each time]:duration: ' \
      '--halt=[when to stop\: never, or start no more (soon) or end the running ones too (now), at the first failure, or after fail=N, fail=N%, success=N, done=N]:when:(never soon now)' \
      '--deadline=[end all that runs, and start no more, after this long]:duration: ' \
      '--rate=[start at most this many tasks in a second]:number: ' \
      '--delay=[wait this long between two starts]:duration: ' \
      '--load=[start nothing while this many processes run on the machine, or N% of the usable CPUs]:number: ' \
      '--mem-free=[start nothing while less memory is free]:size: ' \
      '--unordered[show outputs in the order in which the programs end]' \
      '--line[show each line as it comes, whole]' \
      '--ungrouped[let the programs write at once themselves]' \
      '--tag[put the input in front of each line of output]' \
      '--tag-format=[put this in front of each line, with places as in the program'\''s words]:text: ' \
      '--color[give each program'\''s lines, or their tags, a colour of their own]' \
      '--on-full=[when a disk is full, wait for room as by default, or end the run]:word:(wait fail)' \
      '--json[print a record for each program, a line of JSON, instead of its output]' \
      '--csv[print a table of the records as CSV instead of output]' \
      '--results=[a new directory that gets a directory for each program, NUMBER-INPUT-KEY or as places say; or a file for all\: .csv, .json or .jsonl]:path:_files' \
      '--memory=[how much memory each program may have of its own]:size: ' \
      '--status=[the exit status\: 1 if a program failed (any), or the highest of all programs (worst)]:word:(any worst)' \
      '--nice=[the priority of the programs, from -20 (most) to 19]:nice: ' \
      '--tty[let the programs have the terminal, one at a time]' \
      '--keep-background[let what programs leave behind go on; it is ended otherwise]' \
      '--detach[go on in a process of its own that outlives the shell]' \
      '--dry-run[only print what would be run]' \
      '--progress[show at the terminal how far it is]' \
      '--eta[read all inputs first, and show progress with the time that is left]' \
      '--joblog=[write a line for each program into this file\: times, status, command]:path:_files' \
      '--journal=[keep in this file what became of each task, for later runs]:path:_files' \
      '--rerun=[of a journal with entries run what never ended (missing), and also what failed (failed), what has changed (changed), or everything (all)]:word:(failed missing changed all)' \
      '--key-env=[environment variables whose values make it another task]:names: ' \
      '--verbose[say of each task why the journal lets it run or not]' \
      '--via=[on other machines\: ssh\:4/NODE1,USER@NODE2\:PORT, 4/ being how many there; or a command that connects standard input and output, as '\''podman exec -i box'\'']:text: ' \
      '--slurm[on the nodes of the Slurm allocation that this is in, or of a new one]' \
      '--nodes=[how many nodes to allocate; 1 by default]:int: ' \
      '--allocate=[words for salloc, as \[-p, short, -t, 30\], or in one text\: '\''-p short -t 30'\'']:value: ' \
      '--install[put this program into ~/.cache/brood of a host that has none]' \
      '--cwd=[the directory there; by default this one'\''s path]:text: ' \
      '--send=[a file or directory that is to be there at the same path; for programs also with places]:text: ' \
      '--env=[a variable that tasks there have as it is here]:text: ' \
      '--lost=[make an attempt again that was lost with its host, up to this many times; 3 by default]:count: ' \
      '--wait-hosts=[how long to try when no host is left; 5m by default]:duration: ' \
      '--fetch=[a file that a program makes there, brought to the same path here; with places]:text: ' \
      '--only=[of a file of tasks, run these and what they need]:names: ' \
      '--from-parallel[only print what a line of GNU parallel is here]' \
      '--from-xargs[only print what a line of xargs is here]' \
      '--help[show this]' \
      '(-):program:_command_names -e'       '*::argument:_normal'
    return
  fi
  case ${words[2]} in
    why)
      if (( CURRENT > 2 )); then
        shift words
        (( CURRENT-- ))
        _arguments -S \
          '--json[print the records as JSON]' \
          '--sources[say where each fact is from]' \
          '--follow[tell each change until the processes have ended]' \
          '--host=[on a machine of a pool its name, as pool info has it]:text: ' \
          '--help[show this]' \
          '*:process:_pids'
        return
      fi ;;
    who)
      if (( CURRENT > 2 )); then
        shift words
        (( CURRENT-- ))
        _arguments -S \
          '--json[print the records as JSON]' \
          '--sources[say where each fact is from]' \
          '--host=[on a machine of a pool its name, as pool info has it]:text: ' \
          '--help[show this]' \
          '1:thing:_files'
        return
      fi ;;
    deadlock)
      if (( CURRENT > 2 )); then
        shift words
        (( CURRENT-- ))
        _arguments -S \
          '--json[print the records as JSON]' \
          '--sources[say where each fact is from]' \
          '--help[show this]' \
          '*:process:_pids'
        return
      fi ;;
    tree)
      if (( CURRENT > 2 )); then
        shift words
        (( CURRENT-- ))
        _arguments -S \
          '--json[print the records as JSON]' \
          '--help[show this]' \
          '*:process:_pids'
        return
      fi ;;
    sessions)
      if (( CURRENT > 2 )); then
        shift words
        (( CURRENT-- ))
        _arguments -S \
          '--json[print the records as JSON]' \
          '--help[show this]' \
          '*: :'
        return
      fi ;;
    timeline)
      if (( CURRENT > 2 )); then
        shift words
        (( CURRENT-- ))
        _arguments -S \
          '--last=[only the last part, this long]:duration: ' \
          '--from=[only from this mark on]:text: ' \
          '--to=[only up to this mark]:text: ' \
          '--of=[only this process, by its name or pid]:text: ' \
          '--ascii[draw with plain characters only]' \
          '--width=[draw this many columns wide]:int: ' \
          '--html=[write a page for a browser, to zoom, search and see the lines of arrows]:path: ' \
          '--svg=[write a picture]:path: ' \
          '--perfetto=[write a trace for ui.perfetto.dev]:path: ' \
          '--chrome=[write a trace as JSON, for Chrome and others]:path: ' \
          '--asciicast=[write what was printed, to be played by asciinema]:path: ' \
          '--json[print the lanes and arrows as JSON]' \
          '--follow[print events as they come, until all processes have ended]' \
          '--help[show this]' \
          '*:file:_files'
        return
      fi ;;
    blackbox)
      if (( CURRENT > 2 )); then
        shift words
        (( CURRENT-- ))
        _arguments -S \
          '--json[print the records as JSON]' \
          '--list[list all that there are]' \
          '--to=[write what was recorded to a file, for timeline]:path: ' \
          '--help[show this]' \
          '*: :'
        return
      fi ;;
    attach)
      if (( CURRENT > 2 )); then
        shift words
        (( CURRENT-- ))
        _arguments -S \
          '-c+[run a text there, and leave]:text: ' \
          '--help[show this]' \
          '*:process:_pids'
        return
      fi ;;
    sem)
      if (( CURRENT > 2 )); then
        shift words
        (( CURRENT-- ))
        _arguments -S \
          '-j+[how many permits there are; 1 by default, a mutex]:int: ' \
          '--jobs=[how many permits there are; 1 by default, a mutex]:int: ' \
          '--name=[the semaphore; by default the terminals]:text: ' \
          '--fg[wait for the programs end, and exit with its status]' \
          '--wait[wait until no permit is held, and run nothing]' \
          '--timeout=[give up when no permit is free after this long status 124]:duration: ' \
          '--help[show this]' \
          '(-):program:_command_names -e' \
          '*::argument:_normal'
        return
      fi ;;
  esac
  _arguments -S     '(- 1 *)-c[run TEXT; $args are the ARGS]:text: ' \
    '(- 1 *)--check[report errors and warnings of files without running them]:*:file:_files -g "*.brood(-.)"' \
    '(- 1 *)--completions[print completions of this command line for a shell]:shell:(bash fish zsh)' \
    '(- 1 *)--record[record what the script does\: help record]:*:file:_files -g "*.brood(-.)"' \
    '(- 1 *)--version[show the version and the commit]' \
    '(- 1 *)--help[show this]' \
    '1:script:_brood_first'     '*:argument:_files'
}

# Found by its name it is called at once; a file that was sourced tells what it completes.
if [[ ${funcstack[1]} == _brood ]]; then _brood "$@"; else compdef _brood brood; fi
