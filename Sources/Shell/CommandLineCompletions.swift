/// Completions of Brood's command line for other shells, all made of `CommandLineOption.all`.
enum CommandLineCompletions {
  static func text(for shell: String) -> String {
    let note = "made by: brood --completions \(shell)"
    return switch shell {
    case "bash": bash(note)
    case "fish": fish(note)
    default: zsh(note)
    }
  }

  private static let options = CommandLineOption.all

  private static func bash(_ note: String) -> String {
    var cases = ""
    for option in options where option.argument != nil {
      let reply: String
      if !option.choices.isEmpty {
        reply = bashWords(option.choices)
      } else if option.takesFiles {
        reply = "_brood_files '*.brood'"
      } else {
        reply = "COMPREPLY=()"
      }
      cases += "    \(option.name)) \(reply); return ;;\n"
    }
    return """
      # Completions of brood for bash, \(note)

      _brood_files() {
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -X "!$1" -- "$word"; compgen -d -- "$word")
      }

      _brood() {
        local word=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[1]}
        COMPREPLY=()
        if ((COMP_CWORD == 1)); then
          if [[ $word == -* ]]; then
            \(bashWords(options.map(\.name)))
          else
            _brood_files '*.brood'
          fi
          return
        fi
        case $first in
      \(cases)    *) compopt -o default ;;
        esac
      }

      complete -F _brood brood

      """
  }

  private static func bashWords(_ words: [String]) -> String {
    "mapfile -t COMPREPLY < <(compgen -W '\(words.joined(separator: " "))' -- \"$word\")"
  }

  private static func zsh(_ note: String) -> String {
    var lines: [String] = []
    for option in options {
      let summary = option.summary.replacing("'", with: "'\\''")
      var spec = "'(- *)\(option.name)[\(summary)]"
      if let argument = option.argument {
        if !option.choices.isEmpty {
          spec += ":\(argument.lowercased()):(\(option.choices.joined(separator: " ")))"
        } else if option.takesFiles {
          // All that follow are files.
          spec += ":*:\(argument.lowercased()):_files -g \"*.brood(-.)\""
        } else {
          spec += ":\(argument.lowercased()): "
        }
      }
      lines.append("  \(spec)' \\")
    }
    return """
      #compdef brood
      # Completions of brood for zsh, \(note)

      _arguments -S \\
      \(lines.joined(separator: "\n"))
        '1:script:_files -g "*.brood(-.)"' \\
        '*:argument:_files'

      """
  }

  private static func fish(_ note: String) -> String {
    let chosen = options.filter { !$0.choices.isEmpty }
    let names = chosen.map(\.name).joined(separator: " ")
    var lines = [
      "# Completions of brood for fish, \(note)", "",
      "set -l first 'test (count (commandline -opc)) -eq 1'",
      "set -l later 'test (count (commandline -opc)) -gt 1; and not __fish_prev_arg_in \(names)'",
      "complete -c brood -f",
      "complete -c brood -n $first -ka '(__fish_complete_suffix .brood)'",
      "complete -c brood -n $later -F",
    ]
    for option in options {
      let isLong = option.name.hasPrefix("--")
      let flag = isLong ? "-l \(option.name.dropFirst(2))" : "-o \(option.name.dropFirst())"
      let summary = option.summary.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
      lines.append("complete -c brood -n $first \(flag) -d '\(summary)'")
    }
    for option in chosen {
      let words = option.choices.joined(separator: " ")
      lines.append("complete -c brood -n '__fish_prev_arg_in \(option.name)' -a '\(words)'")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
