import Testing

@testable import Session

/// Lines for a shell: each place becomes a parameter with the quotes that its surroundings ask for.
@Suite struct ShellTemplateTests {
  @Test(arguments: [
    ("echo {} | tr a-z A-Z", "echo \"${1}\" | tr a-z A-Z", ["{}"]),
    ("echo", "echo \"${1}\"", ["{}"]),
    ("echo \"{} there\"", "echo \"${1} there\"", ["{}"]),
    ("echo 'it is {}'", "echo 'it is '\"${1}\"''", ["{}"]),
    ("echo \"$(basename {})\" {}", "echo \"$(basename \"${1}\")\" \"${1}\"", ["{}"]),
    ("echo `basename {}`", "echo `basename \"${1}\"`", ["{}"]),
    ("gzip <{} >{/.}.{#}", "gzip <\"${1}\" >\"${2}\".\"${3}\"", ["{}", "{/.}", "{#}"]),
    ("echo $((1 + {}))", "echo $((1 + ${1}))", ["{}"]),
    ("echo $(((1) + {})) {}", "echo $(((1) + ${1})) \"${1}\"", ["{}"]),
    ("f() { echo {}; }; f", "f() { echo \"${1}\"; }; f", ["{}"]),
    ("echo ${1} ${x:-{}} {2}", "echo ${1} ${x:-{}} \"${1}\"", ["{2}"]),
    ("echo {{}} {}", "echo {} \"${1}\"", ["{}"]),
    ("echo {} # not {}\necho {.}", "echo \"${1}\" # not {}\necho \"${2}\"", ["{}", "{.}"]),
    ("echo a#{} \\{} \\'{}", "echo a#\"${1}\" \\{} \\'\"${1}\"", ["{}"]),
    (
      "(cd {//}; ls) && echo $(echo \")\" {})", "(cd \"${1}\"; ls) && echo $(echo \")\" \"${2}\")",
      ["{//}", "{}"]
    ),
    ("awk '{print $1}' {}", "awk '{print $1}' \"${1}\"", ["{}"]),
    ("echo {a,b} {}", "echo {a,b} \"${1}\"", ["{}"]),
    ("echo 'open {}", "echo 'open '\"${1}\"'", ["{}"]),
  ]) func aPlaceIsAParameter(_ line: String, _ script: String, _ places: [String]) {
    let template = ShellTemplate(line)
    #expect(template.script == script)
    #expect(template.places == places)
  }

  @Test func severalInputsAreAllParameters() {
    #expect(ShellTemplate("cat {} | wc", isMany: true).script == "cat \"$@\" | wc")
    #expect(ShellTemplate("echo \"all: {}\"", isMany: true).script == "echo \"all: $*\"")
    #expect(ProgramTemplate(shellLine: "mv {} {.}", shell: "sh", isMany: true) == nil)
  }

  @Test func theLineItselfHasNoPlacesLeft() throws {
    let template = try #require(
      ProgramTemplate(shellLine: "echo ${1} {}", shell: "sh", isMany: false))
    let words = try template.words(for: TaskInput("a b"), index: 0, slot: 0)
    #expect(
      words.map { String(decoding: $0, as: UTF8.self) } == [
        "sh", "-c", "echo ${1} \"${1}\"", "sh", "a b",
      ])
  }
}
