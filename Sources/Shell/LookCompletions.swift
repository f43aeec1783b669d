import Commands

/// Completions behind `brood why` and its kin, and `brood attach`.
extension CommandLineCompletions {
  /// A verb of Brood's own command line.
  private struct Verb {
    enum Operand { case pids, files, none }

    let name: String
    let summary: String
    let options: [(name: String, summary: String)]
    let operand: Operand

    static let all: [Verb] =
      LookLine.Verb.allCases.map { verb in
        let operand: Operand =
          switch verb {
          case .why, .deadlock, .tree: .pids
          case .who: .files
          case .sessions: .none
          }
        return Verb(
          name: verb.rawValue, summary: verb.summary, options: verb.options, operand: operand)
      } + [
        Verb(
          name: "attach", summary: AttachLine.summary, options: AttachLine.options,
          operand: .pids)
      ]
  }

  /// The verbs, between separators.
  static func verbs(_ separator: String) -> String {
    Verb.all.map(\.name).joined(separator: separator)
  }

  /// The cases of bash: flags, the pids of processes, and files for `who`.
  static var bashLooks: String {
    Verb.all.map { verb in
      let flags = verb.options.map(\.name).joined(separator: " ")
      let rest =
        switch verb.operand {
        case .files: "compopt -o default"
        case .pids: "mapfile -t COMPREPLY < <(compgen -W \"$(ps -eo pid=)\" -- \"$word\")"
        case .none: ":"
        }
      return """
            \(verb.name))
              if [[ $word == -* ]]; then _brood_words '\(flags)'; else \(rest); fi
              return ;;

        """
    }.joined()
  }

  /// The verbs with what they do, as zsh's _alternative has them.
  static var zshVerbs: String {
    Verb.all.map { "\($0.name)\\:\"\(zshPlain($0.summary))\"" }.joined(separator: " ")
  }

  static var zshLooks: String {
    var text = "  case ${words[2]} in\n"
    for verb in Verb.all {
      text += "    \(verb.name))\n      if (( CURRENT > 2 )); then\n"
      text += "        shift words\n        (( CURRENT-- ))\n        _arguments -S \\\n"
      for option in verb.options {
        text += "          '\(option.name)[\(zshPlain(option.summary))]' \\\n"
      }
      let rest =
        switch verb.operand {
        case .files: "'1:thing:_files'"
        case .pids: "'*:process:_pids'"
        case .none: "'*: :'"
        }
      text += "          \(rest)\n        return\n      fi ;;\n"
    }
    return text + "  esac"
  }

  /// A summary without what quotes, brackets and colons would mean.
  private static func zshPlain(_ summary: String) -> String {
    String(summary.filter { !"'[]:\"".contains($0) })
  }

  static var fishLooks: [String] {
    Verb.all.flatMap { verb -> [String] in
      let condition =
        "'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = \(verb.name)'"
      var lines = [
        "complete -c brood -n $first -a \(verb.name) -d '\(fishPlain(verb.summary))'"
      ]
      let rest =
        switch verb.operand {
        case .files: "-F"
        case .pids: "-xa '(__fish_complete_pids)'"
        case .none: "-f"
        }
      lines.append("complete -c brood -n \(condition) \(rest)")
      for option in verb.options {
        let letter = option.name.hasPrefix("--") ? "-l" : "-s"
        let name = option.name.drop { $0 == "-" }
        lines.append(
          "complete -c brood -n \(condition) \(letter) \(name) "
            + "-d '\(fishPlain(option.summary))'")
      }
      return lines
    }
  }

  private static func fishPlain(_ summary: String) -> String {
    summary.replacing("'", with: "")
  }
}
