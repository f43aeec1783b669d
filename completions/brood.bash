# Completions of brood for bash, made by: brood --completions bash

_brood_files() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -X "!$1" -- "$word"; compgen -d -- "$word")
}

_brood_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
}

# The value of a flag of brood run.
_brood_run_value() {
  case $1 in
    -j) compopt -o default ;;
    --jobs) compopt -o default ;;
    --file) compopt -o default ;;
    --pipepart) compopt -o default ;;
    --halt) _brood_words 'never soon now' ;;
    --on-full) _brood_words 'wait fail' ;;
    --results) compopt -o default ;;
    --status) _brood_words 'any worst' ;;
    --joblog) compopt -o default ;;
    --journal) compopt -o default ;;
    --rerun) _brood_words 'failed missing changed all' ;;
  esac
}

_brood_run() {
  local i=2 flag
  while ((i < COMP_CWORD)); do
    flag=${COMP_WORDS[i]}
    case $flag in
      --) ((i++)); break ;;
      -j|-d|-C|-n|-s|--shell|--jobs|--file|--delimiter|--colsep|--skip|--max-inputs|--max-chars|--pipepart|--block|--lines|--recend|--recstart|--timeout|--grace|--retries|--backoff|--halt|--deadline|--rate|--delay|--load|--mem-free|--tag-format|--on-full|--results|--memory|--status|--nice|--joblog|--journal|--rerun|--key-env|--via|--nodes|--allocate|--cwd|--send|--env|--lost|--wait-hosts|--fetch|--only)
        # Bash makes three words of --flag=value, and two of --flag=
        [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
        ((i += 2))
        if ((i > COMP_CWORD)); then
          [[ $word == = ]] && word=
          _brood_run_value "$flag"
          return
        fi ;;
      -*) ((i++)) ;;
      *) break ;;
    esac
  done
  if ((i < COMP_CWORD)); then
    # The words of the program, by its own completions if bash-completion is there.
    if declare -F _comp_command_offset >/dev/null; then
      _comp_command_offset "$i"
    elif declare -F _command_offset >/dev/null; then
      _command_offset "$i"
    else
      compopt -o default
    fi
  elif [[ $word == -* && ${COMP_WORDS[COMP_CWORD - 1]} != -- ]]; then
    _brood_words '-j -0 -d -C -n -X -s --shell --jobs --file --null --delimiter --colsep --csv-in --header --link --skip --shuf --max-inputs --fill --max-chars --pipe --pipepart --block --lines --recend --recstart --round-robin --timeout --grace --retries --backoff --halt --deadline --rate --delay --load --mem-free --unordered --line --ungrouped --tag --tag-format --color --on-full --json --csv --results --memory --status --nice --tty --keep-background --detach --dry-run --progress --eta --joblog --journal --rerun --key-env --verbose --via --slurm --nodes --allocate --install --cwd --send --env --lost --wait-hosts --fetch --only --from-parallel --from-xargs --help'
  else
    mapfile -t COMPREPLY < <(compgen -c -- "$word")
  fi
}

_brood() {
  local word=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    if [[ $word == -* ]]; then
      _brood_words '-c --check --completions --record --version --help'
    else
      _brood_files '*.brood'
      mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W 'run why who deadlock tree sessions timeline blackbox attach sem' -- "$word")
    fi
    return
  fi
  case $first in
    run) _brood_run; return ;;
    why)
      if [[ $word == -* ]]; then _brood_words '--json --sources --follow --host --help'; else mapfile -t COMPREPLY < <(compgen -W "$(ps -eo pid=)" -- "$word"); fi
      return ;;
    who)
      if [[ $word == -* ]]; then _brood_words '--json --sources --host --help'; else compopt -o default; fi
      return ;;
    deadlock)
      if [[ $word == -* ]]; then _brood_words '--json --sources --help'; else mapfile -t COMPREPLY < <(compgen -W "$(ps -eo pid=)" -- "$word"); fi
      return ;;
    tree)
      if [[ $word == -* ]]; then _brood_words '--json --help'; else mapfile -t COMPREPLY < <(compgen -W "$(ps -eo pid=)" -- "$word"); fi
      return ;;
    sessions)
      if [[ $word == -* ]]; then _brood_words '--json --help'; else :; fi
      return ;;
    timeline)
      if [[ $word == -* ]]; then _brood_words '--last --from --to --of --ascii --width --html --svg --perfetto --chrome --asciicast --json --follow --help'; else compopt -o default; fi
      return ;;
    blackbox)
      if [[ $word == -* ]]; then _brood_words '--json --list --to --help'; else :; fi
      return ;;
    attach)
      if [[ $word == -* ]]; then _brood_words '-c --help'; else mapfile -t COMPREPLY < <(compgen -W "$(ps -eo pid=)" -- "$word"); fi
      return ;;
    sem)
      if [[ $word == -* ]]; then _brood_words '-j --jobs --name --fg --wait --timeout --help'; else mapfile -t COMPREPLY < <(compgen -c -f -- "$word"); fi
      return ;;
          -c) COMPREPLY=(); return ;;
    --check) _brood_files '*.brood'; return ;;
    --completions) _brood_words 'bash fish zsh'; return ;;
    --record) _brood_files '*.brood'; return ;;
    *) compopt -o default ;;
  esac
}

complete -F _brood brood
