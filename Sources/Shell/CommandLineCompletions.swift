import Commands

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
  private static let runOptions = RunLine.options

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

      \(bashRun)

      _brood() {
        local word=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[1]}
        COMPREPLY=()
        if ((COMP_CWORD == 1)); then
          if [[ $word == -* ]]; then
            \(bashWords(options.map(\.name)))
          else
            _brood_files '*.brood'
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W run -- "$word")
          fi
          return
        fi
        case $first in
          run) _brood_run; return ;;
      \(cases)    *) compopt -o default ;;
        esac
      }

      complete -F _brood brood

      """
  }

  /// The completions behind `brood run`: its flags, then those of a program.
  private static var bashRun: String {
    let valued = runOptions.filter { $0.argument != nil }.map(\.name).joined(separator: "|")
    var cases = ""
    for option in runOptions where option.takesFiles || !option.choices.isEmpty {
      let reply = option.takesFiles ? "compopt -o default" : bashWords(option.choices)
      cases += "      \(option.name)) \(reply) ;;\n"
    }
    return """
      _brood_run() {
        local word=${COMP_WORDS[COMP_CWORD]} i
        for ((i = 2; i < COMP_CWORD; i++)); do
          case ${COMP_WORDS[i]} in
            --) ((i++)); break ;;
            \(valued)) ((i++)) ;;
            -*) ;;
            *) break ;;
          esac
        done
        if ((i > COMP_CWORD)); then
          case ${COMP_WORDS[COMP_CWORD - 1]} in
      \(cases)    esac
        elif ((i < COMP_CWORD)); then
          compopt -o default
        elif [[ $word == -* ]]; then
          \(bashWords(runOptions.map(\.name)))
        else
          mapfile -t COMPREPLY < <(compgen -c -- "$word")
        fi
      }
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

      if (( CURRENT > 2 )) && [[ ${words[2]} == run ]]; then
        shift words
        (( CURRENT-- ))
        _arguments -S \\
      \(zshRun)
          '*::program: _normal'
        return
      fi

      _arguments -S \\
      \(lines.joined(separator: "\n"))
        '1:script:_alternative "words:command:(run)" "files:script:_files -g \\\"*.brood(-.)\\\""' \\
        '*:argument:_files'

      """
  }

  private static var zshRun: String {
    runOptions.map { option in
      let summary = option.summary.replacing("'", with: "'\\''")
        .replacing("[", with: "\\[").replacing("]", with: "\\]").replacing(":", with: "\\:")
      var spec = "'\(option.name)[\(summary)]"
      if let argument = option.argument {
        let label = argument.split(separator: "|").count > 1 ? "word" : argument
        spec += ":\(label):"
        if !option.choices.isEmpty {
          spec += "(\(option.choices.joined(separator: " ")))"
        } else {
          spec += option.takesFiles ? "_files" : " "
        }
      }
      return "    \(spec)' \\"
    }.joined(separator: "\n")
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
    lines.append("complete -c brood -n $first -a run -d 'run a program for each of many inputs'")
    for option in runOptions {
      let isLong = option.name.hasPrefix("--")
      let flag = isLong ? "-l \(option.name.dropFirst(2))" : "-s \(option.name.dropFirst())"
      let summary = option.summary.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
      var line = "complete -c brood -n '__fish_seen_subcommand_from run' \(flag)"
      if option.argument != nil { line += option.takesFiles ? " -r -F" : " -x" }
      if !option.choices.isEmpty { line += " -a '\(option.choices.joined(separator: " "))'" }
      lines.append(line + " -d '\(summary)'")
    }
    for option in chosen {
      let words = option.choices.joined(separator: " ")
      lines.append("complete -c brood -n '__fish_prev_arg_in \(option.name)' -a '\(words)'")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
