import Testing

@testable import Language

@Suite("Parsing")
struct ParserTests {
  private func failure(_ text: String) -> ErrorObject? {
    do {
      _ = try Parser.parse(Source(name: "test", text: text))
      return nil
    } catch {
      return error as? ErrorObject
    }
  }

  /// A backslash at the end of a line continues it wherever a blank may stand.
  @Test(arguments: [
    "print a \\", "let x = 1 \\", "let x = 1 + \\", "let \\", "let x \\", "for i in \\", "for \\",
    "while (f) \\", "if $a { } \\", "if \\", "try { f } catch \\", "$x \\", "x = \\",
    "let p = spawn a; while (len (tree $p)) \\", "fork { print a \\", "fork; \\", "f |> \\",
  ]) func aBackslashContinues(_ text: String) {
    #expect(ReadText(Source(name: "t", text: text)).isIncomplete)
  }

  @Test(arguments: ["print a", "let x = )", "foo ) \nprint a # \\", "let = 5\nprint \\\\"])
  func whatIsWholeIsNotContinued(_ text: String) {
    #expect(!ReadText(Source(name: "t", text: text)).isIncomplete)
  }

  @Test(arguments: [
    "print (", "let x = [1,", "if true {", "\"abc", "'abc", "a |", "a |>", "a &&", "a ||",
    "print \\",
    "fn f(", "fn f(x) {", "{ |x|", "print \"${", "try { } catch e {", "[a: [b: (", "$x[",
    "print (a\n",
    "for x in [1,\n2", "call {",
  ])
  func moreInputCouldHelp(_ text: String) {
    #expect(failure(text)?.isPartial == true, "\(text): \(failure(text)?.message ?? "parsed")")
    #expect(ReadText(Source(name: "test", text: text)).isIncomplete)
  }

  @Test(arguments: [
    "print )", "let = 5", "let 5 = x", "x=5", "1 +", "if { }", "fn 5() { }", "}",
    "[1 2]", "for x of y { }", "let x-y = 1", "let $x = 1", "a | | b", "catch { }", "try { }",
    "\"\\q\"", "$", "print `ls`", "else { }", "let x =", "throw", "fn f(a, a) { }",
    "try { } catch e: nope { }", "(((", "[1, a: 2]", "cat << x", "$x = 5", "if $a && $b { }",
  ])
  func isRefused(_ text: String) {
    guard let error = failure(text) else {
      Issue.record("\(text) was taken")
      return
    }
    #expect(error.kind == .syntax)
    #expect(!error.message.isEmpty)
    #expect(error.location != nil)
    if text != "(((" { #expect(!error.isPartial, "\(text): \(error.message)") }
  }

  @Test(arguments: [
    "", "\n\n;;", "# only a comment", "a # comment", "a#b", "{}", "print {} {.} {/} x{}y",
    "a && b || c", "a | b | c &", "a |>\n b", "x = 5", "xs[0] = 1", "m.a.b += 2", "env.X = \"y\"",
    "print -- --x", "f --a=1 --b 2 -c", "ls *.txt ~/x a\\ b", "a > b 2>&1 < c", "&> x; a &> b",
    "let x = if true { 1 } else { 2 }", "let x = try { 1 } catch { 2 }", "[:]", "[a: 1, b: 2]",
    "[a, b-c, http://x/y, ./z]", "$x[1..3][0].y", "\"a$b${c}${$d + 1}\\u{e9}\"", "'raw $x'",
    "fn f(a, b: int = 2, ...c, --d, --e: text = \"x\") { }", "^ls -l", "^$x -l", "ok a | b",
    "for i, x in 1..<5 { continue }", "while not $x { break }", "continue p; break x",
    "{ print a } > f", "...", "print ...$xs ...[1]", "(print 1\n 2)", "true | cat", "7z x",
    "time { a }", "if $a { } else if $b { } else { }", "let x = a b c", "return a b",
  ])
  func isTaken(_ text: String) {
    // Redirections alone are no statement.
    if text.hasPrefix("&>") {
      #expect(failure(text) != nil)
      return
    }
    #expect(failure(text) == nil, "\(text): \(failure(text)?.message ?? "")")
  }

  @Test func nestingIsBounded() {
    for open in ["(", "[", "{ ", "if true { ", "- ", "not ", "\"${"] {
      let text = "let x = " + String(repeating: open, count: 100_000)
      #expect(failure(text)?.kind == .syntax, "\(open)")
    }
    let long = "let x = 1" + String(repeating: " + 1", count: 100_000)
    #expect(failure(long)?.message == "this expression is too long")
  }

  @Test func errorsPointAtTheirPlace() {
    #expect(run("print $nope").place == "$nope")
    #expect(run("let a = 1\na = 2").place == "a")
    #expect(run("print (1 + \"x\")").place == "(1 + \"x\")")
    #expect(run("print --bogus").place == "--bogus")
    #expect(run("double x").place == "x")
  }
}
