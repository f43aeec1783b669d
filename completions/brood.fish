# Completions of brood for fish, made by: brood --completions fish

set -l first 'test (count (commandline -opc)) -eq 1'
complete -c brood -f
complete -c brood -n $first -k -xa '(__fish_complete_suffix .brood)'
complete -c brood -n "not $first" -F
complete -c brood -n $first -s c -x -d 'run TEXT; $args are the ARGS'
complete -c brood -n $first -l check -rka '(__fish_complete_suffix .brood)' -d 'report errors and warnings of files without running them'
complete -c brood -n $first -l completions -xa 'bash fish zsh' -d 'print completions of this command line for a shell'
complete -c brood -n $first -l help -d 'show this'
complete -c brood -n $first -l version -d 'show the version'
