import Testing

@testable import Language

@Suite("select")
struct SelectTests {
  @Test(arguments: [
    ("select { queue full { |v| print $v } }", "item of full"),
    ("select { queue q { print no }\nqueue full { print yes } }", "yes"),
    ("select { queue q { print no }; after 1s { print late } }", "late"),
    (
      "select {\n\n  # what is first\n  queue q { |v| print no }  # never\n\n  after 1 { print x }\n}",
      "x"
    ),
    ("select{ after 1s { print x } }", "x"), ("select { after 1s { } }\nprint on", "on"),
    ("let v = (select { queue full { |v| \"got $v\" } })\nprint $v", "got item of full"),
    ("let v = select { after 1s { 5 } }\nprint $v", "5"),
    ("var v = 1\nv = select { after 1s { $v + 1 } }\nprint $v", "2"),
    ("fn f() { select { after 1s { 6 } } }\nprint (f)", "6"),
    ("fn f() { select { after 1s { return 7 } }\nprint no }\nprint (f)", "7"),
    ("print (select { after 1s { } })", "null"),
    ("select { queue [a, full1, full2] { |v, q| print $v / $q } }", "item of full1 / full1"),
    ("let qs = [a, full]\nselect { queue $qs { |v, q| print $q } }", "full"),
    ("select { queue (\"fu\" + \"ll\") { |v| print $v } }", "item of full"),
    ("select { queue full { || print x } }", "x"),
    ("select { exit worker { |r| print $r.name } }", "worker"),
    ("select { exit 007 { |r| print $r.name } }", "007"),
    ("select { queue full { |v: text| print $v } }", "item of full"),
    ("var n = 0\nselect { queue full { n += 1 } }\nprint $n", "1"),
    ("for i in 1..3 { select { after 1s { if $i == 2 { continue }\nprint $i } } }", "1 3"),
    ("while true { select { after 1s { break } } }\nprint on", "on"),
    (
      "for q in [full1, full2, q] { select { queue $q { |v| print $v }\nafter 1s { print no } } }",
      "item of full1 item of full2 no"
    ),
    (
      "select { queue full { |v| select { queue full2 { |w| print $v $w } } } }",
      "item of full item of full2"
    ),
    ("lock with m { select { after 1s { print x } } }", "+m x -m"),
    ("fn f() { lock with m { select { after 1s { return 8 } } } }\nprint (f)", "+m -m 8"),
    ("select { after 1s { lock with m { print x } } }", "+m x -m"),
    ("fn f() { select { after 1s { lock with m { return 9 } } } }\nprint (f)", "+m -m 9"),
    ("for i in 1..2 { try { select { after 1s { continue } } } finally { print $i } }", "1 2"),
    ("try { select { after 1s { throw \"x\" } } } catch e { print $e.message }", "x"),
    ("select { after 1s { 3 } } |> print", "3"),
    ("select { after 1s { false_ } } || print x", "x"),
    ("print (if true { select { after 1s { 4 } } })", "4"),
    ("let f = { select { after 1s { return 5 } } }\nprint (call $f)", "5"),
    ("select { after 1s { report } }", " a  1 22"),
    ("let x = select { after 1s { report } }\nprint $x[1].a", "22"),
    ("select { after 1s { print x } } > file", "[to file]x"),
    // Only the form is special: the word is free elsewhere.
    ("fn select(x) { print $x }\nselect 5", "5"),
    ("let select = 4\nprint $select select", "4 select"),
    ("var select = 4\nselect = 5\nprint $select", "5"),
  ])
  func runs(_ text: String, _ output: String) {
    let outcome = run(text)
    #expect(outcome.failure == nil, "\(text)")
    #expect(outcome.lines == output, "\(text)")
  }

  @Test func argumentsAreEvaluatedInOrder() {
    let outcome = run(
      """
      fn say(x) { print $x; $x }
      select { queue (say a) { }; queue (say full) { print b }; after (say 1) { print no } }
      """)
    #expect(outcome.lines == "a full 1 b")
  }

  @Test func theProgramOfThatNameCanBeForced() {
    #expect(run("^select x").pipelines == ["statement: select x"])
    #expect(
      run("^select { }").failure?.hasPrefix("type: a program's argument must be text") == true)
  }

  @Test(arguments: [
    ("select { }", "'select' has no arms", "select { }"),
    ("select {}", "'select' has no arms", "select {}"),
    ("select", "'select' is written with its arms", "select"),
    ("select 5", "'select' is written with its arms", "select 5"),
    ("let f = { 1 }\nselect $f", "'select' is written with its arms", "select $f"),
    ("select { quue q { |v| } }", "'quue' is no arm of 'select'", "quue"),
    ("select { queue q { } ; zzz q { } }", "'zzz' is no arm of 'select'", "zzz"),
    ("select { ^queue q { } }", "'^queue' is no arm of 'select'", "^queue"),
    ("select { print x }", "'print' is no arm of 'select'", "print"),
    ("select { select { after 1s { } } }", "'select' is no arm of 'select'", "select"),
    ("select { queue q }", "the arm 'queue' has no block", "queue q"),
    ("select { queue }", "the arm 'queue' has no block", "queue"),
    ("select { queue q {} }", "the arm 'queue' has no block", "queue q {}"),
    ("select { queue { } }", "the arm 'queue' does not say what it waits for", "queue"),
    ("select { queue a b { } }", "the arm 'queue' takes one argument and a block", "b"),
    ("select { queue ...[a] { } }", "an arm takes one argument, which can be a list", "...[a]"),
    ("select { queue q --fast { } }", "the arm 'queue' has no flag '--fast'", "--fast"),
    ("select { after 1s { |x| } }", "the block of the arm 'after' takes no parameters", "x"),
    (
      "select { queue q { |a, b, c| } }",
      "the block of the arm 'queue' takes at most 2 parameters", "c"
    ),
    ("select { if true { } }", "'if' stands where an arm must begin", "if"),
    ("select { let x = 1 }", "'let' stands where an arm must begin", "let"),
    ("select { 5 }", "expected an arm, not '5'", "5"),
    ("select { $q { } }", "expected an arm, not '$q'", "$q"),
    ("select { { } }", "expected an arm, not '{'", "{"),
    ("select { after 1s { } | cat }", "expected the end of the arm, not '|'", "|"),
    ("select { after 1s { } > f }", "an arm cannot be redirected", "> f"),
    (
      "select { after 1s { } } x",
      "expected the end of the statement, not 'x'", "x"
    ),
    ("5 |> select { after 1s { } }", "no value can be passed to 'select'", "select"),
    ("select { after 1s { break } }", "'break' stands outside a loop", "break"),
    ("select { queue $nope { } }", "there is no variable '$nope'", "$nope"),
    ("select { queue q { |v| }\nafter 1s { print $v } }", "there is no variable '$v'", "$v"),
    ("select { after 1s { } ", "this '{' is never closed", "{"),
    (
      "fn f() { select { after 1s { return } } | cat }",
      "'return' cannot leave a command that is redirected or part of a pipeline", "return"
    ),
  ])
  func isRefused(_ text: String, _ message: String, _ place: String) {
    let outcome = run(text)
    #expect(outcome.failure == "syntax: " + message, "\(text)")
    #expect(outcome.place == place, "\(text)")
  }

  @Test(arguments: [
    ("select { queue q { } }", "closed: nothing can ever come", "select"),
    ("select { exit bad { } }", "missing: no process", "bad"),
    (
      "select { after soon { } }",
      "type: bad argument 'time': it must be a duration such as 250ms or 2s, but is \"soon\"",
      "soon"
    ),
    ("each [1] select", "arity: 'select' takes no arguments", "each [1] select"),
    (
      "select { queue full { |v: int| } }",
      "type: bad argument 'v': it must be a whole number, but is \"item of full\"", "v"
    ),
  ])
  func fails(_ text: String, _ failure: String, _ place: String) {
    let outcome = run(text)
    #expect(outcome.failure == failure, "\(text)")
    #expect(outcome.place?.hasPrefix(place) == true, "\(text)")
  }

  @Test func suggestsTheArmThatWasMeant() {
    #expect(
      run("select { quue q { } }").errors.first?.help
        == "did you mean 'queue'? its arms are: queue exit after")
    #expect(
      run("select { queue q }").errors.first?.help
        == "write it as: queue QUEUE { |value, queue| … }")
    #expect(
      run("select { queue q {} }").errors.first?.help == "an empty block is written { }")
  }

  @Test(arguments: [
    "select {", "select { queue q", "select { queue q { |v|", "select { queue q { print x }",
    "let x = (select { after 1s { 1 }", "select { queue q { };",
  ])
  func anOpenFormAsksForMore(_ text: String) {
    #expect(ReadText(Source(name: "test", text: text)).isIncomplete, "\(text)")
  }
}
