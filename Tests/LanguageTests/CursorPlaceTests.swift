import Testing

@testable import Language

/// What the parser expects where a text ends.
///
/// `‸` is the cursor; what follows it is not looked at.
@Suite("What is expected at the cursor")
struct CursorPlaceTests {
  private func expected(_ marked: String) -> String {
    let text = String(marked.prefix { $0 != "‸" })
    let place = CursorPlace.atEnd(of: text)
    var words = [describe(place.kind)]
    if !place.text.isEmpty { words.append("'\(place.text)'") }
    switch place.quote {
    case .none: break
    case .single: words.append("in '")
    case .double: words.append("in \"")
    }
    return words.joined(separator: " ")
  }

  private func describe(_ kind: CursorPlace.Kind) -> String {
    switch kind {
    case .command(let isForced, let isStatement):
      isForced ? "program" : isStatement ? "statement" : "command"
    case .keyword(let words): words.joined(separator: " or ")
    case .arm: "arm"
    case .argument(let command): "argument of \(describe(command))"
    case .flagValue(let command, let flag): "value of --\(flag) of \(describe(command))"
    case .file: "file"
    case .variable: "variable"
    case .field(let variable, let path):
      "field of " + ([variable] + path).joined(separator: ".")
    case .key(let variable, let path): "key of " + ([variable] + path).joined(separator: ".")
    case .typeName: "type"
    case .errorKind: "kind of errors"
    case .string: "string"
    case .nothing: "nothing"
    }
  }

  private func describe(_ command: TypedCommand) -> String {
    let words = [command.name ?? "?"] + command.arguments.map { $0 ?? "?" }
    return (command.hasInput ? "|> " : "") + (command.isForced ? "^" : "")
      + words.joined(separator: " ") + (command.isArm ? " (arm)" : "")
  }

  @Test(arguments: [
    ("‸", "statement"), ("pri‸", "statement 'pri'"), ("print a; ‸", "statement"),
    ("print a\n‸", "statement"), ("print a;rev‸ x", "statement 'rev'"), ("whi‸", "statement 'whi'"),
    ("let‸", "statement 'let'"), ("if true { ‸", "statement"),
    ("if true { rev‸", "statement 'rev'"),
    ("fork {‸", "statement"), ("each { |x| ‸", "statement"), ("fn f(x) {\n  pr‸", "statement 'pr'"),
    ("let x = ‸", "command"), ("let x = (rev‸", "command 'rev'"), ("x = ‸", "command"),
    ("let x = i‸", "command 'i'"), ("return ‸", "command"), ("throw (‸", "command"),
    ("a | ‸", "command"), ("a |‸", "command"), ("a && b‸", "command 'b'"), ("a ||\n ‸", "command"),
    ("[1] |> rev‸", "command 'rev'"), ("[1] |> ‸", "command"), ("ok ‸", "command"),
    ("time re‸", "command 're'"), ("ok‸", "statement 'ok'"), ("print (a) (‸", "command"),
    ("^‸", "program"), ("^printe‸", "program 'printe'"), ("let x = ^l‸", "program 'l'"),
    ("a &‸", "nothing"), ("let x = 5 ‸", "nothing"), ("if true { a }‸", "nothing"),
  ])
  func commands(_ text: String, _ wanted: String) {
    #expect(expected(text) == wanted, "\(text)")
  }

  @Test(arguments: [
    ("print ‸", "argument of print"), ("print a ‸", "argument of print a"),
    ("print a b‸", "argument of print a 'b'"), ("print a \\\n ‸", "argument of print a"),
    ("fork --dae‸", "argument of fork '--dae'"), ("fork --‸", "argument of fork '--'"),
    ("fork --name x ‸", "argument of fork --name x"),
    ("fork --name=x ‸", "argument of fork --name=x"),
    ("pool map --halt=so‸", "value of --halt of pool map 'so'"),
    ("fork --name=‸", "value of --name of fork"),
    ("fork --name=\"a b‸", "value of --name of fork 'a b' in \""),
    ("a --x=(b ‸", "argument of b"), ("a --x=(b c) d‸", "argument of a --x= 'd'"),
    ("kill -US‸", "argument of kill '-US'"), ("print -- --x‸", "argument of print -- '--x'"),
    ("read two\\ w‸", "argument of read 'two w'"), ("read two\\‸", "argument of read 'two'"),
    ("read \"two‸", "argument of read 'two' in \""), ("read 'two‸", "argument of read 'two' in '"),
    ("read \"two‸\"", "argument of read 'two' in \""),
    ("read \"a b\"‸", "argument of read 'a b'"), ("read \"a\" ‸", "argument of read a"),
    ("print $x ‸", "argument of print ?"), ("print [1] {} ‸", "argument of print ? {}"),
    ("print (a b) ‸", "argument of print ?"), ("print (a b‸", "argument of a 'b'"),
    ("print ...$xs y‸", "argument of print ? 'y'"),
    ("[1] |> each ‸", "argument of |> each"), ("[1] |> f (g ‸", "argument of g"),
    ("^ls ‸", "argument of ^ls"), ("^$x ‸", "argument of ^?"),
    ("queue put ‸", "argument of queue put"),
    ("if a b { c } ‸", "nothing"), ("ls | wc -‸", "argument of wc '-'"),
    ("print [1]‸", "nothing"), ("print a # re‸", "nothing"),
    ("print a#b‸", "argument of print 'a#b'"),
    ("{ print a }‸", "nothing"), ("for x in [1] { print ‸", "argument of print"),
    ("print x > no‸", "file 'no'"), ("print x >‸", "file"), ("print x 2> ‸", "file"),
    ("a > x ‸", "argument of a"), ("a 2>&‸", "nothing"), ("a < \"two w‸", "file 'two w' in \""),
    ("{ a } > ‸", "file"),
  ])
  func arguments(_ text: String, _ wanted: String) {
    #expect(expected(text) == wanted, "\(text)")
  }

  @Test(arguments: [
    ("$‸", "variable"), ("print $co‸", "variable 'co'"), ("print \"a ${cou‸", "variable 'cou'"),
    ("print \"a $‸", "variable"), ("print \"a $b‸", "variable 'b'"), ("print ${‸", "variable"),
    ("[1, $x‸", "variable 'x'"), ("if $x‸", "variable 'x'"), ("print a$b‸", "variable 'b'"),
    ("print x > $pai‸", "variable 'pai'"), ("xs[$i‸", "variable 'i'"),
    ("$p.‸", "field of p"), ("print $a.b.c‸", "field of a.b 'c'"),
    ("$xs[0].na‸", "field of xs.0 'na'"),
    ("$m[a].b‸", "field of m.a 'b'"), ("${x}.y‸", "field of x 'y'"), ("$x[$i].y‸", "nothing 'y'"),
    ("(a).b‸", "nothing 'b'"), ("print \"$x.y‸", "nothing"), ("env.X‸", "statement 'env.X'"),
    ("$m[‸", "key of m"), ("$m.a[na‸", "key of m.a 'na'"), ("m[na‸", "key of m 'na'"),
    ("[‸", "nothing"), ("[a‸", "nothing 'a'"), ("[a: ‸", "nothing"), ("1 + ‸", "nothing"),
    ("let x = \"ab‸", "string"), ("[\"ab‸", "string"), ("print a\"b‸", "nothing 'b' in \""),
  ])
  func variables(_ text: String, _ wanted: String) {
    #expect(expected(text) == wanted, "\(text)")
  }

  @Test(arguments: [
    ("if a { b } ‸", "nothing"), ("if true { b } ‸", "else"), ("if true { b } el‸", "else 'el'"),
    ("let x = if true { 1 } ‸", "else"), ("try { a } ‸", "catch or finally"),
    ("try { a } catch e { b } fin‸", "catch or finally 'fin'"), ("for x ‸", "in"),
    ("for i, x i‸", "in 'i'"), ("for x in $‸", "variable"),
    ("try { a } catch e: ti‸", "kind of errors 'ti'"),
    ("try { a } catch :‸", "kind of errors"), ("fn f(x: in‸", "type 'in'"), ("fn f(x: ‸", "type"),
    ("{ |x: ‸", "type"), ("fn f(‸", "nothing"), ("fn na‸", "nothing"), ("let na‸", "nothing"),
    ("select { ‸", "arm"), ("select { que‸", "arm 'que'"),
    ("select { queue ‸", "argument of queue (arm)"),
    ("select { after 1s { pr‸", "statement 'pr'"), ("select { after 1s { a }; ‸", "arm"),
  ])
  func keywordsAndTypes(_ text: String, _ wanted: String) {
    #expect(expected(text) == wanted, "\(text)")
  }

  @Test(arguments: [
    "))", "(((", "$", "${", "\"", "'", "|>", "{ |", "[", "\\", "> ", "# x", "--", "é", "x=5 ",
    "let x = ) ", "\"\\", "print \"\\u{", "a \\", "[1 2] ", "{a: 1", "}", "$m[", "^^", "...",
  ])
  func strangeTextsHaveNoMore(_ text: String) {
    let place = CursorPlace.atEnd(of: text)
    #expect(place.start <= text.utf8.count)
  }

  @Test func mistakesBeforeArePassedOver() {
    #expect(expected("let = 5; pri‸") == "statement 'pri'")
    #expect(expected("x=5\nif true { rev‸") == "statement 'rev'")
  }

  @Test func placesAreWhereTheWordBegins() {
    #expect(CursorPlace.atEnd(of: "print $colour.li").start == 14)
    #expect(CursorPlace.atEnd(of: "read \"two w").start == 5)
    #expect(CursorPlace.atEnd(of: "pool map --halt=so").start == 16)
    #expect(CursorPlace.atEnd(of: "print é ab").start == 9)
  }

  @Test func declaredNamesAreKnown() {
    let text = "let a = 1; fn f(b, --c) { for d, e in [1] { { |g| print $"
    #expect(CursorPlace.atEnd(of: text).declared == ["a", "b", "c", "d", "e", "g"])
  }

  /// Each beginning of a text has an answer, whatever is cut off.
  @Test func everyBeginningHasAnAnswer() {
    let text = """
      fn f(a: int = 2, ...rest, --flag) { |> x; print "a${b[1].c}d" 'e' --x="y z" \\q }
      let x = try { [1, $a.b, (c | d &)] |> each { |i| $i } } catch e: timeout { } finally { }
      select { queue q { |v| print $v }; after 1s { break } }
      m[a].b += if $x { 1 } else { 2 } # end
      """
    let bytes = Array(text.utf8)
    for end in 0...bytes.count {
      let place = CursorPlace.atEnd(of: String(decoding: bytes[..<end], as: UTF8.self))
      #expect(place.start <= end)
    }
  }
}
