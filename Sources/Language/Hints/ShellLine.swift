/// The remedy for a program's name that is a line of a shell, as `ls -l | wc`; nil for a name.
public func shellLineHint(_ name: String) -> String? {
  let signs = " \t\n|&;<>()$`*?"
  guard name.contains(where: { signs.contains($0) }) else { return nil }
  let quoted = name.contains("'") ? Value.text(name).asLiteral : "'\(name)'"
  return "a line of a shell is run by: sh -c \(quoted)"
}
