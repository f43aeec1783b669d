import Commands

/// Completions behind `brood why` and its kin.
extension CommandLineCompletions {
  /// The verbs, between separators.
  static func verbs(_ separator: String) -> String {
    LookLine.Verb.allCases.map(\.rawValue).joined(separator: separator)
  }

  /// The cases of bash: flags, the pids of processes, and files for `who`.
  static var bashLooks: String {
    LookLine.Verb.allCases.map { verb in
      let flags = verb.options.map(\.name).joined(separator: " ")
      let rest =
        verb == .who
        ? "compopt -o default"
        : "mapfile -t COMPREPLY < <(compgen -W \"$(ps -eo pid=)\" -- \"$word\")"
      return """
            \(verb.rawValue))
              if [[ $word == -* ]]; then _brood_words '\(flags)'; else \(rest); fi
              return ;;

        """
    }.joined()
  }

  /// The verbs with what they do, as zsh's _alternative has them.
  static var zshVerbs: String {
    LookLine.Verb.allCases.map { "\($0.rawValue)\\:\"\(zshPlain($0.summary))\"" }
      .joined(separator: " ")
  }

  static var zshLooks: String {
    var text = "  case ${words[2]} in\n"
    for verb in LookLine.Verb.allCases {
      text += "    \(verb.rawValue))\n      if (( CURRENT > 2 )); then\n"
      text += "        shift words\n        (( CURRENT-- ))\n        _arguments -S \\\n"
      for option in verb.options {
        text += "          '\(option.name)[\(zshPlain(option.summary))]' \\\n"
      }
      text += verb == .who ? "          '1:thing:_files'\n" : "          '*:process:_pids'\n"
      text += "        return\n      fi ;;\n"
    }
    return text + "  esac"
  }

  /// A summary without what quotes, brackets and colons would mean.
  private static func zshPlain(_ summary: String) -> String {
    String(summary.filter { !"'[]:\"".contains($0) })
  }

  static var fishLooks: [String] {
    LookLine.Verb.allCases.flatMap { verb -> [String] in
      let name = verb.rawValue
      let condition =
        "'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = \(name)'"
      var lines = [
        "complete -c brood -n $first -a \(name) -d '\(fishPlain(verb.summary))'"
      ]
      let rest = verb == .who ? "-F" : "-xa '(__fish_complete_pids)'"
      lines.append("complete -c brood -n \(condition) \(rest)")
      for option in verb.options {
        lines.append(
          "complete -c brood -n \(condition) -l \(option.name.dropFirst(2)) "
            + "-d '\(fishPlain(option.summary))'")
      }
      return lines
    }
  }

  private static func fishPlain(_ summary: String) -> String {
    summary.replacing("'", with: "")
  }
}
