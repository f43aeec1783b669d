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
        local name
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
    var lines = ["# Completions of brood for fish, \(note)", ""]
    lines.append("set -l first 'test (count (commandline -opc)) -eq 1'")
    lines.append("complete -c brood -f")
    lines.append("complete -c brood -n $first -k -xa '(__fish_complete_suffix .brood)'")
    lines.append("complete -c brood -n \"not $first\" -F")
    for option in options {
      let isLong = option.name.hasPrefix("--")
      let flag = isLong ? "-l \(option.name.dropFirst(2))" : "-s \(option.name.dropFirst())"
      var line = "complete -c brood -n $first \(flag)"
      if !option.choices.isEmpty {
        line += " -xa '\(option.choices.joined(separator: " "))'"
      } else if option.takesFiles {
        line += " -rka '(__fish_complete_suffix .brood)'"
      } else if option.argument != nil {
        line += " -x"
      }
      let summary = option.summary.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
      lines.append(line + " -d '\(summary)'")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
