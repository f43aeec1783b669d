import Testing

@testable import Language

/// Blocks of commands such as `lock with` run as part of the function they are written in.
@Suite("Inline blocks")
struct InlineTests {
  /// Each way out of the block, with what it prints.
  @Test(arguments: [
    ("lock with m { print a }", "+m a -m"),
    ("print (lock with m { 1 + 1 })", "+m -m 2"),
    ("let v = lock with m { 5 }\nprint $v", "+m -m 5"),
    ("var v = 1\nv = lock with m { $v + 1 }\nprint $v", "+m -m 2"),
    ("var n = 0\nlock with m { n += 1 }\nprint $n", "+m -m 1"),
    ("var n = 0\nlock with m { n += 1 }\neach [1] { n += 1 }\nprint $n", "+m -m 2"),
    ("fn f() { lock with m { return 5 } }\nprint (f)", "+m -m 5"),
    ("fn f() { lock with m { return 5 }\nprint no }\nprint (f)", "+m -m 5"),
    ("fn f() { lock with m { 6 } }\nprint (f)", "+m -m 6"),
    (
      "for i in 1..3 { lock with m { if $i == 2 { continue }\nprint $i } }", "+m 1 -m +m -m +m 3 -m"
    ),
    ("for i in 1..3 { lock with m { if $i == 2 { break }\nprint $i } }", "+m 1 -m +m -m"),
    (
      "var i = 0\nwhile true { lock with m { i += 1\nif $i == 2 { break } } }\nprint $i",
      "+m -m +m -m 2"
    ),
    ("lock with m { for i in 1..3 { if $i == 2 { break }\nprint $i } }", "+m 1 -m"),
    ("lock with m { }\nprint (lock with m { })", "+m -m +m -m null"),
    ("let f = { lock with m { return 3 }\nprint no }\nprint (call $f)", "+m -m 3"),
    ("each [1, 2] { |x| lock with m { if $x == 1 { return }\nprint $x } }", "+m -m +m 2 -m"),
    ("print (if true { lock with m { 1 } } else { 2 })", "+m -m 1"),
    ("for i in 1..3 { print (lock with m { if $i < 3 { continue }\n$i }) }", "+m -m +m -m +m -m 3"),
    ("lock with a { lock with b { print x } }", "+a +b x -b -a"),
    ("fn f() { lock with a { lock with b { return 1 } } }\nprint (f)", "+a +b -b -a 1"),
    ("for i in 1..2 { lock with a { lock with b { continue } } }", "+a +b -b -a +a +b -b -a"),
    ("lock with a { for i in 1..2 { lock with b { break } } }\nprint x", "+a +b -b -a x"),
    ("fn f() { try { lock with m { return 1 } } finally { print f } }\nprint (f)", "+m -m f 1"),
    ("fn f() { lock with m { try { return 1 } finally { print f } } }\nprint (f)", "+m f -m 1"),
    ("for i in 1..2 { lock with m { try { continue } finally { print f } } }", "+m f -m +m f -m"),
    ("for i in 1..2 { try { lock with m { break } } finally { print f } }", "+m -m f"),
    (
      "fn f() { try { print t } finally { lock with m { return 2 } }\nprint no }\nprint (f)",
      "t +m -m 2"
    ),
    ("try { lock with m { throw \"x\" } } catch e { print $e.message }", "+m -m x"),
    ("lock with m { try { throw \"x\" } catch e { print $e.message } }", "+m x -m"),
    ("try { lock with a { lock with b { throw \"x\" } } } catch { print c }", "+a +b -b -a c"),
    ("lock with m { false_ } || print x", "+m -m x"),
    ("lock with m --timeout 2s { print x }", "+m 2s x -m"),
    ("lock with m { print x } --timeout 2s", "+m 2s x -m"),
    ("lock with --timeout=2s -- m { print x }", "+m 2s x -m"),
    ("let xs = [m]\nlock with ...$xs { print x }", "+m x -m"),
    ("\"m\" |> lock with { print x }", "+m x -m"),
    ("lock with m { 5 } |> print", "+m -m 5"),
    ("lock with m --help { print no }", "help on lock with"),
    ("time lock with m { 5 }", "+m -m 1ms"),
    ("print (ok lock with m { false })", "+m -m false"),
    ("shm lock s { |v| print $v }", "+s the value of s -s"),
    ("shm lock s { |v: text| print $v }", "+s the value of s -s"),
    ("shm lock s { print x }", "+s x -s"),
    ("shm lock s { |v| v = \"mine\"\nprint $v }", "+s mine -s"),
    ("lock with m { let x = 1\nfn g(y) { $x + $y }\nprint (g 2) }", "+m 3 -m"),
  ])
  func leavesOnEveryWayOut(_ text: String, _ output: String) {
    let outcome = run(text)
    #expect(outcome.failure == nil, "\(text)")
    #expect(outcome.lines == output, "\(text)")
  }

  @Test(arguments: [
    ("lock with m { throw \"x\" }", "thrown: x", "+m -m"),
    ("lock with m { print (1 / 0) }", "range: division by zero", "+m -m"),
    ("lock with refused { print no }", "timeout: 'refused' is taken", ""),
    ("lock with broken { print x }", "system: cannot leave 'broken'", "+broken x -broken"),
    ("lock with broken { throw \"first\" }", "thrown: first", "+broken -broken"),
    (
      "fn f() { lock with broken { return 1 } }\nprint (f)", "system: cannot leave 'broken'",
      "+broken -broken"
    ),
    (
      "for i in 1..2 { lock with broken { continue } }", "system: cannot leave 'broken'",
      "+broken -broken"
    ),
    (
      "lock with a { lock with broken { print x } }", "system: cannot leave 'broken'",
      "+a +broken x -broken -a"
    ),
    (
      "try { lock with broken { throw \"first\" } } finally { print f }", "thrown: first",
      "+broken -broken f"
    ),
    ("lock with quits { throw \"first\" }", "exit 7", "+quits -quits"),
    ("shm lock torn { |v| print $v }", "peer-died: no value", "+torn -torn"),
    (
      "shm lock s { |v: int| print $v }",
      "type: bad argument 'v': it must be a whole number, but is \"the value of s\"", "+s -s"
    ),
    ("fn f() { lock with m { f } }\nf", "limit: calls are nested too deeply", nil),
    ("lock with { print x }", "arity: 'lock with' needs a name", ""),
    ("lock with m", "arity: 'lock with' needs a block", ""),
    ("lock with m n { }", "arity: 'lock with' takes at most 1 argument and a block, but got 2", ""),
    (
      "lock with m [1]",
      "type: bad argument 'block': it must be a block or a function, but is [1]", ""
    ),
  ])
  func failsAndLeaves(_ text: String, _ failure: String, _ output: String?) {
    let outcome = run(text)
    #expect(outcome.failure == failure, "\(text)")
    if let output { #expect(outcome.lines == output, "\(text)") }
    let entered = outcome.output.split(separator: "\n").count { $0.hasPrefix("+") }
    let left = outcome.output.split(separator: "\n").count { $0.hasPrefix("-") }
    #expect(entered == left, "\(text)")
  }

  @Test func anInterruptLeaves() {
    for attentions in 1...12 {
      let outcome = run("lock with a { lock with b { while true { lock with c { } } } }") {
        $0.interruptAfter = attentions
        $0.attention.pointee = 1
      }
      #expect(outcome.failure == "interrupted: interrupted")
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.count { $0.hasPrefix("+") } == lines.count { $0.hasPrefix("-") })
      #expect(outcome.lines.hasSuffix("-b -a"))
    }
  }

  /// A block that is a value is called between enter and leave: `return` leaves the block alone.
  @Test(arguments: [
    ("let f = { 5 }\nprint (lock with m $f)", "+m -m 5"),
    ("fn f() { return 5 }\nprint (lock with m f)", "+m -m 5"),
    ("fn g() { let f = { return 5 }\nlock with m $f\nprint on }\ng", "+m -m on"),
    ("try { lock with m { throw \"x\" } } catch { print c }", "+m -m c"),
    (
      "let f = { throw \"x\" }\ntry { lock with broken $f } catch e { print $e.message }",
      "+broken -broken x"
    ),
    (
      "let f = { 1 }\ntry { lock with broken $f } catch e { print $e.message }",
      "+broken -broken cannot leave 'broken'"
    ),
    ("shm lock s $print_it", "+s the value of s -s"),
    ("let f = { print x }\nshm lock s $f", "+s x -s"),
    ("fn f() { print x }\nshm lock s f", "+s x -s"),
    ("call $with m { print x }", "+m x -m"), ("call $with m { 5 } |> print", "+m -m 5"),
    ("lock with m --after { print x } { print y }", "+m y -m"),
    ("let f = { report }\nlock with m $f", "+m -m  a  1 22"),
    ("let f = { report }\nlet x = lock with m $f\nprint (len_ $x)", "+m -m 2"),
  ])
  func aBlockThatIsAValueIsCalled(_ text: String, _ output: String) {
    let host = TestHost()
    let interpreter = Interpreter(table: testTable, host: host)
    _ = run(
      "fn print_it(v) { print $v }\nfn len_(xs) { var n = 0\nfor x in $xs { n += 1 }\n$n }",
      interpreter, host)
    if let command = testTable["lock with"] {
      interpreter.setGlobal("with", .closure(Closure(.native(command), cells: [])))
    }
    let outcome = run(text, interpreter, host)
    #expect(outcome.failure == nil, "\(text)")
    #expect(outcome.lines == output, "\(text)")
  }

  /// Each turn of a loop has its own variables, also those of an inline block in it.
  @Test(arguments: [
    ("for i in 1..2 { lock with m { fs += [{ $i }] } }", "1 2"),
    ("for i in 1..2 { lock with m { let j = $i * 10\nfs += [{ $j }] } }", "10 20"),
    (
      "for i in 1..2 { lock with m { var j = $i\nlet f = { j += 1\n$j }\ncall $f\nfs += [$f] } }",
      "3 4"
    ),
    ("for i in [a, b] { shm lock $i { |v| fs += [{ $v }] } }", "the value of a the value of b"),
    ("for i in [a, b] { shm lock $i { |v| fs += [{ $v }]\nv = \"$i!\" } }", "a! b!"),
    (
      "for i in [a, b] { select { queue \"full $i\" { |v, q| fs += [{ \"$q: $v\" }] } } }",
      "full a: item of full a full b: item of full b"
    ),
  ])
  func closuresCaptureTheRightVariables(_ loop: String, _ output: String) {
    let outcome = run("var fs = []\n\(loop)\neach $fs { |f| print (call $f) }")
    #expect(outcome.failure == nil)
    let printed = outcome.output.split(separator: "\n").filter {
      !$0.hasPrefix("+") && !$0.hasPrefix("-")
    }
    #expect(printed.joined(separator: " ") == output)
  }

  @Test func reportsArePrintedAsInAnyBlock() {
    #expect(run("lock with m { report }").output == "+m\n-m\n a\n 1\n22\n")
    #expect(run("lock with m { report\nprint x }").output == "+m\n a\n 1\n22\nx\n-m\n")
    #expect(run("fn f() { lock with m { report } }\nlet x = f\nprint $x[1].a").lines == "+m -m 22")
  }

  @Test func theTraceHasNoCallOfTheBlock() {
    let error = run("fn f() { lock with m { throw \"deep\" } }\nf").error
    #expect(error?.trace.map(\.name) == ["f"])
    #expect(error?.location?.description == "test:1:24")
    #expect(run("lock with broken { print x }").place == "lock with broken")
    #expect(run("lock with refused { print x }").place == "refused")
  }

  @Test func theInterpreterIsCleanAfterwards() {
    let host = TestHost()
    let interpreter = Interpreter(table: testTable, host: host)
    for text in [
      "lock with m { throw \"x\" }", "fn f() { lock with m { return 1 } }\nf",
      "for i in 1..3 { lock with m { break } }", "lock with broken { throw \"x\" }",
      "select { queue full { |v| throw $v } }", "lock with refused { }", "lock with broken { }",
    ] {
      _ = run(text, interpreter, host)
      #expect(interpreter.handlers.isEmpty, "\(text)")
      #expect(interpreter.frameCount == 0 && interpreter.nativeDepth == 0, "\(text)")
    }
  }

  @Test(arguments: [
    ("lock with m { break }", "'break' stands outside a loop", "break"),
    (
      "for i in [1] { each [1] { lock with m { break } } }",
      "'break' cannot leave the block it stands in, which is not part of a loop", "break"
    ),
    ("lock with m { |x| print $x }", "the block of 'lock with' takes no parameters", "x"),
    ("shm lock s { |x, y| print $x }", "the block of 'shm lock' takes at most 1 parameter", "y"),
    (
      "shm lock s { |...x| print $x }", "the block of 'shm lock' can only have plain parameters",
      "...x"
    ),
    (
      "shm lock s { |x = 1| print $x }", "the block of 'shm lock' can only have plain parameters",
      "x"
    ),
    ("shm lock s { |x: nothing| print $x }", "there is no type 'nothing'", "nothing"),
    (
      "fn f() { lock with m { return 1 } > file }",
      "'return' cannot leave a command that is redirected or part of a pipeline", "return"
    ),
    (
      "for i in [1] { lock with m { break } | cat }",
      "'break' cannot leave a command that is redirected or part of a pipeline", "break"
    ),
    ("lock with m { print $nope }", "there is no variable '$nope'", "$nope"),
    ("let n = 1\nlock with m { n = 2 }", "'n' is a constant", "n"),
    ("lock with m { let x = 1 }\nprint $x", "there is no variable '$x'", "$x"),
    ("lock with m --bogus { }", "'lock with' has no flag '--bogus'", "--bogus"),
  ])
  func isRefused(_ text: String, _ message: String, _ place: String) {
    let outcome = run(text)
    #expect(outcome.failure == "syntax: " + message, "\(text)")
    #expect(outcome.place == place, "\(text)")
    #expect(outcome.output.isEmpty, "\(text)")
  }

  @Test(arguments: [
    // The block runs in this process.
    ("var n = 0\nlock with m { n += 1 }\nprint $n", []),
    ("var n = 0\nshm lock m { |v| n += 1 }\nprint $n", []),
    ("var n = 0\nselect { queue q { |v| n += 1 } }\nprint $n", []),
    (
      "var n = 0\nchild { lock with m { n += 1 } }\nprint $n",
      ["this assignment to 'n' happens in the child and is lost"]
    ),
    (
      "var n = 0\nlock with m { child { n += 1 } }\nprint $n",
      ["this assignment to 'n' happens in the child and is lost"]
    ),
    (
      "var n = 0\nchild { select { after 1s { n += 1 } } }\nprint $n",
      ["this assignment to 'n' happens in the child and is lost"]
    ),
    ("fn f() { lock with m { return 1 }\nprint no }\nf", ["this is never reached"]),
    ("fn f() { lock with m { if true { return 1 } }\nprint no }\nf", []),
    ("lock with m { double 2\nprint x }", ["the result of 'double' is not used"]),
  ])
  func warns(_ text: String, _ warnings: [String]) {
    #expect(run(text).warnings == warnings, "\(text)")
  }
}

extension Outcome {
  /// The printed lines, one behind the other.
  var lines: String { output.split(separator: "\n").joined(separator: " ") }
}
