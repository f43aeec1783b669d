#compdef brood
# Completions of brood for zsh, made by: brood --completions zsh

_arguments -S \
  '(- *)-c[run TEXT; $args are the ARGS]:text: ' \
  '(- *)--check[report errors and warnings of files without running them]:*:file:_files -g "*.brood(-.)"' \
  '(- *)--completions[print completions of this command line for a shell]:shell:(bash fish zsh)' \
  '(- *)--help[show this]' \
  '(- *)--version[show the version]' \
  '1:script:_files -g "*.brood(-.)"' \
  '*:argument:_files'
