import Commands
import Language

/// Completions behind `brood why` and its kin, and `brood attach`.
extension CommandLineCompletions {
  /// All verbs but `run`.
  private static let lines =
    LookLine.Verb.allCases.map(\.line) + [AttachLine.line, SemLine.line]

  private enum Operand { case pids, files, programs, none }

  private static func operand(_ line: CommandLine) -> Operand {
    if line.extent == .program { return .programs }
    return switch line.parameters.first?.type.completion {
    case .live("process")?: .pids
    case .file?, .directory?: .files
    default: .none
    }
  }

  /// The word behind `brood`.
  private static func verb(_ line: CommandLine) -> String { String(line.name.dropFirst(6)) }

  /// The verbs, between separators.
  static func verbs(_ separator: String) -> String {
    lines.map(verb).joined(separator: separator)
  }

  /// The cases of bash: flags, the pids of processes, and files for `who`.
  static var bashLooks: String {
    lines.map { line in
      let flags = line.options.map(\.name).joined(separator: " ")
      let rest =
        switch operand(line) {
        case .files: "compopt -o default"
        case .programs: "mapfile -t COMPREPLY < <(compgen -c -f -- \"$word\")"
        case .pids: "mapfile -t COMPREPLY < <(compgen -W \"$(ps -eo pid=)\" -- \"$word\")"
        case .none: ":"
        }
      return """
            \(verb(line)))
              if [[ $word == -* ]]; then _brood_words '\(flags)'; else \(rest); fi
              return ;;

        """
    }.joined()
  }

  /// The verbs with what they do, as zsh's _alternative has them.
  static var zshVerbs: String {
    lines.map { "\(verb($0))\\:\"\(zshPlain($0.summary))\"" }.joined(separator: " ")
  }

  static var zshLooks: String {
    var text = "  case ${words[2]} in\n"
    for line in lines {
      text += "    \(verb(line)))\n      if (( CURRENT > 2 )); then\n"
      text += "        shift words\n        (( CURRENT-- ))\n        _arguments -S \\\n"
      for option in line.options {
        let joint = option.argument == nil ? "" : option.name.hasPrefix("--") ? "=" : "+"
        let value = option.argument.map { ":\($0): " } ?? ""
        text += "          '\(option.name)\(joint)[\(zshPlain(option.summary))]\(value)' \\\n"
      }
      let rest =
        switch operand(line) {
        case .files: line.parameters.count > 1 ? "'*:file:_files'" : "'1:thing:_files'"
        case .programs:
          "'(-):program:_command_names -e' \\\n          '*::argument:_normal'"
        case .pids: "'*:process:_pids'"
        case .none: "'*: :'"
        }
      text += "          \(rest)\n        return\n      fi ;;\n"
    }
    return text + "  esac"
  }

  /// A summary without what quotes, brackets and colons would mean.
  static func zshPlain(_ summary: String) -> String {
    String(summary.filter { !"'[]:\"".contains($0) })
  }

  static var fishLooks: [String] {
    lines.flatMap { line -> [String] in
      let condition =
        "'test (count (commandline -opc)) -gt 1; and test (commandline -opc)[2] = \(verb(line))'"
      var lines = [
        "complete -c brood -n $first -a \(verb(line)) -d '\(fishPlain(line.summary))'"
      ]
      let rest =
        switch operand(line) {
        case .files: "-F"
        case .programs: "-xa '(__fish_complete_subcommand)'"
        case .pids: "-xa '(__fish_complete_pids)'"
        case .none: "-f"
        }
      lines.append("complete -c brood -n \(condition) \(rest)")
      for option in line.options {
        let letter = option.name.hasPrefix("--") ? "-l" : "-s"
        let name = option.name.drop { $0 == "-" }
        let value = option.argument == nil ? "" : "-x "
        lines.append(
          "complete -c brood -n \(condition) \(letter) \(name) \(value)"
            + "-d '\(fishPlain(option.summary))'")
      }
      return lines
    }
  }

  private static func fishPlain(_ summary: String) -> String {
    summary.replacing("'", with: "")
  }
}
