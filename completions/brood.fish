# Completions of brood for fish, made by: brood --completions fish

set -l first 'test (count (commandline -opc)) -eq 1'
set -l later 'test (count (commandline -opc)) -gt 1; and not __fish_prev_arg_in --completions'
complete -c brood -f
complete -c brood -n $first -ka '(__fish_complete_suffix .brood)'
complete -c brood -n $later -F
complete -c brood -n $first -o c -d 'run TEXT; $args are the ARGS'
complete -c brood -n $first -l check -d 'report errors and warnings of files without running them'
complete -c brood -n $first -l completions -d 'print completions of this command line for a shell'
complete -c brood -n $first -l help -d 'show this'
complete -c brood -n $first -l version -d 'show the version'
complete -c brood -n '__fish_prev_arg_in --completions' -a 'bash fish zsh'
