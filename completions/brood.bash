# Completions of brood for bash, made by: brood --completions bash

_brood_files() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -X "!$1" -- "$word"; compgen -d -- "$word")
}

_brood_run() {
  local word=${COMP_WORDS[COMP_CWORD]} i
  for ((i = 2; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --) ((i++)); break ;;
      -j|--jobs|--file|--timeout|--grace|--retries|--backoff|--halt|--rate|--results|--memory|--journal|--rerun|--key-env) ((i++)) ;;
      -*) ;;
      *) break ;;
    esac
  done
  if ((i > COMP_CWORD)); then
    case ${COMP_WORDS[COMP_CWORD - 1]} in
      --file) compopt -o default ;;
      --halt) mapfile -t COMPREPLY < <(compgen -W 'never soon now' -- "$word") ;;
      --results) compopt -o default ;;
      --journal) compopt -o default ;;
      --rerun) mapfile -t COMPREPLY < <(compgen -W 'failed missing changed all' -- "$word") ;;
    esac
  elif ((i < COMP_CWORD)); then
    compopt -o default
  elif [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '-j -0 --jobs --file --null --timeout --grace --retries --backoff --halt --rate --unordered --line --ungrouped --tag --json --csv --results --memory --detach --dry-run --progress --journal --rerun --key-env --verbose --help' -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -c -- "$word")
  fi
}

_brood() {
  local word=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    if [[ $word == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W '-c --check --completions --help --version' -- "$word")
    else
      _brood_files '*.brood'
      mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W run -- "$word")
    fi
    return
  fi
  case $first in
    run) _brood_run; return ;;
    -c) COMPREPLY=(); return ;;
    --check) _brood_files '*.brood'; return ;;
    --completions) mapfile -t COMPREPLY < <(compgen -W 'bash fish zsh' -- "$word"); return ;;
    *) compopt -o default ;;
  esac
}

complete -F _brood brood
