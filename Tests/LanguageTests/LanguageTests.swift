import Testing

@testable import Language

@Suite("Running")
struct LanguageTests {
  @Test(arguments: [
    ("print (1 + 2 * 3)", "7"), ("print (7 / 2) (7 // 2) (-7 // 2) (-7 % 3)", "3.5 3 -4 2"),
    ("print (1 == 1.0) (\"a\" < \"b\") ([1, 2] == [1, 2])", "true true true"),
    ("print (2s + 500ms) (2s / 500ms) (64KiB * 2)", "2.5s 4.0 128KiB"),
    ("print 007 1.50 \"$pid\"", "007 1.50 42"),
    ("let x = 5\nprint \"$x.png ${x} ${$x + 1} w$x\" w$x", "5.png 5 6 w5 w5"),
    ("let m = [a: [b: 3]]\nprint $m.a.b ($m.c ?? 9) ($m.c.d ?? 8)", "3 9 8"),
    (
      "let xs = [1, 2, 3, 4]\nprint $xs[-1] $xs[1..2] $xs[1..<3] $xs[-2..-1]",
      "4 [2, 3] [2, 3] [3, 4]"
    ),
    ("print (\"日本\")[1] ([1])[0]", "本 1"),
    ("var xs = [1]\nlet ys = $xs\nxs += [2]\nprint $xs $ys", "[1, 2] [1]"),
    ("var m = [a: [1, 2]]\nlet n = $m\nm.a[0] = 9\nprint $m $n", "[a: [9, 2]] [a: [1, 2]]"),
    ("var s = \"a\"\nlet t = $s\ns += \"b\"\nprint $s $t", "ab a"),
    ("for i in 3..1 { print never }\nprint done", "done"),
    ("print (1 in [1]) (\"k\" in [k: 1]) (5 in 1..3) (1 not in [1])", "true true false false"),
    ("print [1, \"a\", null, true, [b: 2s]]", "[1, \"a\", null, true, [b: 2s]]"),
    ("report |> each { |r| print $r.a }", "1\n22"),
    ("print ...[a, b] c", "a b c"), ("print --loud x --to y", "[y] X"),
    ("print --to=z x -- --loud", "[z] x --loud"), ("queue put q 5", "put q 5"),
    ("print (if 1 > 2 { \"a\" } else { \"b\" })", "b"), ("each [1, 2] double", ""),
    ("fn f(x) { $x + 1 }\nprint (call f 1) (call $f 2)", "2 3"),
    ("var x = 5\nx = [a: 1].b ?? $x\nprint $x", "5"),
    ("var x = false\nx = true and $x\nprint $x", "false"),
    ("var x = 1\nx = if true { [a: 1].b ?? $x } else { 0 }\nprint $x", "1"),
    ("print (shout 007)", "007"), ("[3] |> each { |x| print $x }", "3"),
  ])
  func prints(_ text: String, _ output: String) {
    let outcome = run(text)
    #expect(outcome.failure == nil, "\(text)")
    #expect(outcome.output == (output.isEmpty ? "" : output + "\n"), "\(text)")
  }

  @Test(arguments: [
    (
      "print (1 - -9223372036854775808)",
      "range: 1 - -9223372036854775808 does not fit in 64 bits"
    ),
    ("throw \"x\"", "thrown: x"), ("print (1 / 0)", "range: division by zero"),
    ("print (9223372036854775807 + 1)", "range: 9223372036854775807 + 1 does not fit in 64 bits"),
    ("let xs = [1]\nprint $xs[3]", "range: the list has 1 item, so there is no index 3"),
    ("let m = [a: 1]\nprint $m.b", "missing: the map has no key \"b\""),
    ("double x", "type: bad argument 'n': it must be a whole number, but is \"x\""),
    ("double", "arity: 'double' needs an n"),
    ("fn f(x) { }\nf", "arity: 'f' takes 1 argument, but got 0"),
    ("if 5 { }", "type: a condition must be true or false, but is 5 (int)"),
    ("queue foo", "missing: 'queue' has no verb 'foo'"),
    ("fn f() { f }\nf", "limit: calls are nested too deeply"),
    ("var x = []\nwhile true { x = [$x] }", "limit: values can be nested at most 500 levels deep"),
    ("print $nope", "syntax: there is no variable '$nope'"),
    ("let n = 1\nn = 2", "syntax: 'n' is a constant"), ("n = 2", "syntax: 'n' is not declared"),
    ("print --nope", "syntax: 'print' has no flag '--nope'"),
    ("print --loud=5 x", "arity: the flag '--loud' takes no value"),
    (
      "each [1] { break }",
      "syntax: 'break' cannot leave the block it stands in, which is not part of a loop"
    ),
    ("cat none*", "missing: no file matches 'none*'"),
    ("print (\"a\" + 1)", "type: '+' does not fit string and int: \"a\" + 1"),
  ])
  func fails(_ text: String, _ failure: String) {
    #expect(run(text).failure == failure, "\(text)")
  }

  @Test func finallyAlwaysRuns() {
    #expect(run("fn f() { try { return 1 } finally { print f } }\nprint (f)").output == "f\n1\n")
    #expect(
      run("for i in 1..3 { try { if $i == 2 { break } } finally { print $i } }\nprint end").output
        == "1\n2\nend\n")
    #expect(
      run("for i in 1..2 { try { continue } finally { print $i } }").output == "1\n2\n")
    #expect(run("try { throw a } finally { print f }").output == "f\n")
    #expect(
      run("try { try { throw \"a\" } finally { print f } } catch e { print $e.message }").output
        == "f\na\n")
    #expect(
      run("fn f() { try { try { return 1 } finally { print a } } finally { print b } }\nf").output
        == "a\nb\n")
  }

  @Test func catchTakesItsKinds() {
    #expect(
      run("try { throw \"x\" } catch e: timeout { print no } catch e { print yes }").output
        == "yes\n")
    #expect(run("try { throw \"x\" } catch e: timeout { print no }").failure == "thrown: x")
    #expect(run("try { throw \"x\" } catch e { throw $e }").failure == "thrown: x")
  }

  @Test func anInterruptRunsFinallyAndNoPlainCatch() {
    let outcome = run("try { while true { } } catch e { print caught } finally { print finally }") {
      $0.interruptAfter = 1000
      $0.attention.pointee = 1
    }
    #expect(outcome.output == "finally\n")
    #expect(outcome.failure == "interrupted: interrupted")
    let taken = run("try { while true { } } catch e: interrupted { print caught }") {
      $0.interruptAfter = 10
      $0.attention.pointee = 1
    }
    #expect(taken.output == "caught\n")
  }

  @Test func closuresCaptureByReference() {
    #expect(run("var n = 0\neach [1, 2] { |x| n += $x }\nprint $n").output == "3\n")
    #expect(
      run("var fs = []\nfor i in 1..2 { fs += [{ $i }] }\neach $fs { |f| print (call $f) }").output
        == "1\n2\n")
    #expect(
      run("fn make() { var n = 0\n{ n += 1; $n } }\nlet c = make\ncall $c\nprint (call $c)").output
        == "2\n")
    #expect(
      run("fn outer() { fn inner(x) { $x + $k }\nlet k = 10\ninner 1 }\nprint (outer)").output
        == "11\n")
  }

  @Test func aFunctionSeesWhatIsDeclaredBehindIt() {
    #expect(run("fn f() { g $n }\nfn g(x) { print $x }\nlet n = 3\nf").output == "3\n")
  }

  @Test func reportsPrintWhereTheyAreDiscarded() {
    let table = " a\n 1\n22\n"
    #expect(run("report").output == table)
    #expect(run("fn f() { report }\nf").output == table)
    #expect(run("let x = report\nprint done").output == "done\n")
    #expect(run("report |> each { |r| print $r.a }").output == "1\n22\n")
    #expect(run("if true { report }").output == table)
  }

  @Test func programsGetTheirWords() {
    #expect(
      run("cat a$pid \"b c\" 007 *.x '*' --f=1 -x").pipelines == [
        "statement: cat a42 b c 007 *.x1 *.x2 * --f=1 -x"
      ])
    #expect(run("let x = cat a").pipelines == ["capture: cat a"])
    #expect(run("cat a | cat b &").pipelines == ["background: cat a | cat b"])
    #expect(run("{ print x } | cat").pipelines == ["statement: {…} | cat"])
    #expect(run("print (ok cat x)").pipelines == ["ok: cat x"])
    #expect(run("^print x").pipelines == ["statement: print x"])
    #expect(run("let p = \"cat\"\n^$p x").pipelines == ["statement: cat x"])
    #expect(run("print x > f").output == "[to f]x\n")
    #expect(run("fn f() { cat x }\nlet v = f").pipelines == ["statement: cat x"])
  }

  @Test func andOrLookAtFailedAndFalse() {
    #expect(run("false_ && print x").pipelines == ["statement: false_"])
    #expect(run("false_ && print x").output == "")
    #expect(run("false_ || print x").output == "x\n")
    #expect(run("print a && print b").output == "a\nb\n")
    #expect(run("print a || print b").output == "a\n")
    #expect(run("(1 > 2) || print b").output == "b\n")
    #expect(run("throw \"x\" || print b").failure == "thrown: x")
  }

  @Test func traceNamesTheCalls() {
    let error = run("fn a() { b }\nfn b() { throw \"deep\" }\na").error
    #expect(error?.trace.map(\.name) == ["b", "a"])
    #expect(error?.location?.description == "test:2:10")
  }

  @Test func promptKeepsNames() {
    let host = TestHost()
    let interpreter = Interpreter(table: testTable, host: host)
    _ = run("var n = 1\nfn f() { $n }", interpreter, host)
    #expect(run("n += 1\nprint (f)", interpreter, host).output == "2\n")
    _ = run("fn f() { 9 }", interpreter, host)
    #expect(run("f", interpreter, host).value.asText == "9")
    #expect(
      run("let bad = $zzz", interpreter, host).failure == "syntax: there is no variable '$zzz'")
    #expect(run("print $bad", interpreter, host).failure == "syntax: there is no variable '$bad'")
  }

  @Test func sourceBringsNames() {
    let outcome = run("source lib\nprint (twice $k)") {
      $0.files["lib"] = "let k = 4\nfn twice(x) { $x * 2 }"
    }
    #expect(outcome.output == "8\n")
  }

  @Test(arguments: [
    (
      "var n = 0\nchild { n += 1 }\nprint $n",
      "this assignment to 'n' happens in the child and is lost"
    ),
    ("fn f() { return 1\nprint x }", "this is never reached"),
    ("double 2", "the result of 'double' is not used"),
    ("let p = 1\nprint \"$p.pid\"", "\"$p.pid\" is the value of $p and then '.pid'"),
    ("{ print x }", "this block is not run"),
  ])
  func warns(_ text: String, _ warning: String) {
    #expect(run(text).warnings == [warning], "\(text)")
  }

  @Test(arguments: [
    "var n = 0\nchild { n += 1\nprint $n }", "var n = 0\neach [1] { n += 1 }\nprint $n",
    "print \"$pid.png\"", "fn f() { double 2 }\nprint (f)",
  ])
  func doesNotWarn(_ text: String) { #expect(run(text).warnings == []) }

  @Test func longChainsOfClosuresAreFreed() {
    let text =
      "fn wrap(g) { { call $g } }\nvar f = { 1 }\nfor i in 1..200000 { f = wrap $f }\nf = null\nprint ok"
    #expect(run(text).output == "ok\n")
  }
}
