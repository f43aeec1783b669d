# Completions of brood for bash, made by: brood --completions bash

_brood_files() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -X "!$1" -- "$word"; compgen -d -- "$word")
}

_brood() {
  local word=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    if [[ $word == -* ]]; then
      mapfile -t COMPREPLY < <(compgen -W '-c --check --completions --help --version' -- "$word")
    else
      _brood_files '*.brood'
    fi
    return
  fi
  case $first in
    -c) COMPREPLY=(); return ;;
    --check) _brood_files '*.brood'; return ;;
    --completions) mapfile -t COMPREPLY < <(compgen -W 'bash fish zsh' -- "$word"); return ;;
    *) compopt -o default ;;
  esac
}

complete -F _brood brood
