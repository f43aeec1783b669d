import Commands
import Language

/// Completions of Brood's command line for other shells, all made of the declarations of its lines.
enum CommandLineCompletions {
  static func text(for shell: String) -> String {
    let note = "made by: brood --completions \(shell)"
    return switch shell {
    case "bash": bash(note)
    case "fish": fish(note)
    default: zsh(note)
    }
  }

  private static let options = BroodLine.line.options
  private static let runOptions = RunLine.line.options

  /// The flags of `brood run` that take a value, as alternatives of a pattern.
  private static func valued(_ separator: String) -> String {
    runOptions.filter { $0.argument != nil }.map(\.name).joined(separator: separator)
  }

  // MARK: bash

  private static func bash(_ note: String) -> String {
    var cases = ""
    for option in options where option.argument != nil {
      let reply: String
      if !option.offered.isEmpty {
        reply = bashWords(option.offered)
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

      _brood_words() {
        mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
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
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W 'run \(verbs(" "))' -- "$word")
          fi
          return
        fi
        case $first in
          run) _brood_run; return ;;
      \(bashLooks)      \(cases)    *) compopt -o default ;;
        esac
      }

      complete -F _brood brood

      """
  }

  /// The completions behind `brood run`: its flags, then those of a program.
  private static var bashRun: String {
    var cases = ""
    for option in runOptions where option.takesFiles || !option.offered.isEmpty {
      let reply = option.takesFiles ? "compopt -o default" : bashWords(option.offered)
      cases += "    \(option.name)) \(reply) ;;\n"
    }
    return """
      # The value of a flag of brood run.
      _brood_run_value() {
        case $1 in
      \(cases)  esac
      }

      _brood_run() {
        local i=2 flag
        while ((i < COMP_CWORD)); do
          flag=${COMP_WORDS[i]}
          case $flag in
            --) ((i++)); break ;;
            \(valued("|")))
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
          \(bashWords(runOptions.map(\.name)))
        else
          mapfile -t COMPREPLY < <(compgen -c -- "$word")
        fi
      }
      """
  }

  private static func bashWords(_ words: [String]) -> String {
    "_brood_words '\(words.joined(separator: " "))'"
  }

  // MARK: zsh

  private static func zsh(_ note: String) -> String {
    var lines: [String] = []
    for option in options {
      var spec = "'(- 1 *)\(option.name)[\(zshText(option.summary))]"
      if let argument = option.argument {
        if !option.offered.isEmpty {
          spec += ":\(argument.lowercased()):(\(option.offered.joined(separator: " ")))"
        } else if option.takesFiles {
          // All that follow are files.
          spec += ":*:\(argument.lowercased()):_files -g \"*.brood(-.)\""
        } else {
          spec += ":\(argument.lowercased()): "
        }
      }
      lines.append("    \(spec)' \\")
    }
    return """
      #compdef brood
      # Completions of brood for zsh, \(note)

      _brood_first() {
        _alternative \
          'commands:command:((run\\:"\(zshPlain(RunLine.line.summary))" \(zshVerbs)))' \
          'scripts:script:_files -g "*.brood(-.)"'
      }

      _brood() {
        if (( CURRENT > 2 )) && [[ ${words[2]} == run ]]; then
          shift words
          (( CURRENT-- ))
          _arguments -S \
      \(zshRun)
            '(-):program:_command_names -e' \
            '*::argument:_normal'
          return
        fi
      \(zshLooks)
        _arguments -S \
      \(lines.joined(separator: "\n"))
          '1:script:_brood_first' \
          '*:argument:_files'
      }

      # Found by its name it is called at once; a file that was sourced tells what it completes.
      if [[ ${funcstack[1]} == _brood ]]; then _brood "$@"; else compdef _brood brood; fi

      """
  }

  private static var zshRun: String {
    runOptions.map { option in
      let summary = zshText(option.summary)
      guard let argument = option.argument else { return "      '\(option.name)[\(summary)]' \\" }
      let label = argument.split(separator: "|").count > 1 ? "word" : argument
      // The value may follow as the next word, or directly: -j4, --halt=now.
      var spec = "\(option.name)\(option.name.hasPrefix("--") ? "=" : "+")[\(summary)]:\(label):"
      if !option.offered.isEmpty {
        spec += "(\(option.offered.joined(separator: " ")))"
      } else {
        spec += option.takesFiles ? "_files" : " "
      }
      return "      '\(spec)' \\"
    }.joined(separator: "\n")
  }

  /// A summary within single quotes and brackets.
  private static func zshText(_ summary: String) -> String {
    summary.replacing("'", with: "'\\''").replacing("[", with: "\\[").replacing("]", with: "\\]")
      .replacing(":", with: "\\:")
  }

  // MARK: fish

  private static func fish(_ note: String) -> String {
    let chosen = options.filter { !$0.offered.isEmpty }
    let names = chosen.map(\.name).joined(separator: " ")
    let valued = valued(" ")
    var lines = [
      """
      # Completions of brood for fish, \(note)

      # The words of the program of `brood run`; fails while flags may still stand.
      function __brood_run_program
        set -l words (commandline -opc)
        test "$words[2]" = run; or return 1
        set -e words[1..2]
        while set -q words[1]
          switch $words[1]
            case --
              set -e words[1]
              string escape -- $words
              return 0
            case \(valued)
              set -e words[1]
              # Its value may be what is being typed.
              set -q words[1]; or return 1
              set -e words[1]
            case '-*'
              set -e words[1]
            case '*'
              string escape -- $words
              return 0
          end
        end
        return 1
      end

      function __brood_run_flags
        set -l words (commandline -opc)
        test "$words[2]" = run; and not __brood_run_program >/dev/null
      end

      # Flags may stand, or the program, but no value of a flag.
      function __brood_run_begins
        __brood_run_flags
        and not contains -- (commandline -opc)[-1] \(valued)
      end

      function __brood_run_complete
        complete -C (string join ' ' -- (__brood_run_program) (commandline -ct))
      end

      set -l first 'test (count (commandline -opc)) -eq 1'
      set -l later 'test (count (commandline -opc)) -gt 1; and not contains -- (commandline -opc)[2] run \(verbs(" ")) \(names)'
      complete -c brood -f
      complete -c brood -n $first -ka '(__fish_complete_suffix .brood)'
      complete -c brood -n $later -F
      """
    ]
    for option in options {
      let isLong = option.name.hasPrefix("--")
      let flag = isLong ? "-l \(option.name.dropFirst(2))" : "-o \(option.name.dropFirst())"
      lines.append("complete -c brood -n $first \(flag) -d '\(fishText(option.summary))'")
    }
    lines += [
      "complete -c brood -n $first -a run -d '\(fishText(RunLine.line.summary))'",
      "complete -c brood -n '__brood_run_program >/dev/null' -xa '(__brood_run_complete)'",
      "complete -c brood -n __brood_run_begins -xa '(__fish_complete_command)'",
    ]
    lines += fishLooks
    for option in runOptions {
      let isLong = option.name.hasPrefix("--")
      let flag = isLong ? "-l \(option.name.dropFirst(2))" : "-s \(option.name.dropFirst())"
      var line = "complete -c brood -n __brood_run_flags \(flag)"
      if option.argument != nil { line += option.takesFiles ? " -r -F" : " -x" }
      if !option.offered.isEmpty { line += " -a '\(option.offered.joined(separator: " "))'" }
      lines.append(line + " -d '\(fishText(option.summary))'")
    }
    for option in chosen {
      let words = option.offered.joined(separator: " ")
      lines.append(
        "complete -c brood -n 'contains -- (commandline -opc)[-1] \(option.name)' -xa '\(words)'")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func fishText(_ summary: String) -> String {
    summary.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
  }
}

extension CommandLine.Option {
  /// The words that may stand behind it; none where it may stand alone.
  fileprivate var offered: [String] { argument == nil ? [] : choices }
}
