import Testing

@testable import Language

/// Two interpreters with the same commands, as two processes have.
struct Pair {
  let senderHost = TestHost()
  let receiverHost = TestHost()
  let sender: Interpreter
  let receiver: Interpreter

  init() {
    sender = Interpreter(table: testTable, host: senderHost)
    receiver = Interpreter(table: testTable, host: receiverHost)
  }

  /// Runs a text in the sender, and sends what it yields.
  func send(_ text: String, name: String = "sender", persistent: Bool = false) throws -> Value {
    let findings = sender.compile(Source(name: name, text: text), isPersistent: persistent)
    if let error = findings.errors.first { throw error }
    let function = try #require(findings.function)
    return try deliver(try sender.run(function))
  }

  /// A value's way from the sender to the receiver.
  func deliver(_ value: Value) throws -> Value {
    let encoder = WireEncoder(sender)
    let bytes = try encoder.copied(value)
    #expect(try encoder.encodedSize(of: value) == bytes.count)
    return try bytes.withUnsafeBytes { try WireDecoder(receiver).decode($0) }
  }

  /// What calling the sent function in the receiver yields, as text.
  func call(_ text: String, _ arguments: Value..., persistent: Bool = false) throws -> String {
    let function = try send(text, persistent: persistent)
    return try receiver.invoke(function, arguments).asText
  }
}

@Suite("Closures on the wire")
struct WireClosureTests {
  @Test func blocksWork() throws {
    #expect(try Pair().call("{ |x| $x * 2 }", .int(4)) == "8")
    #expect(try Pair().call("{ 1 + 2 }", .int(9)) == "3", "ignores its arguments")
    #expect(try Pair().call("let n = 5\n{ |x| $x + $n }", .int(1)) == "6")
    #expect(
      try Pair().call("fn f(a, b = 10, ...rest) { [$a, $b, $rest] }\n$f", .int(1)) == "[1, 10, []]")
  }

  @Test func parametersSurvive() throws {
    let pair = Pair()
    let function = try pair.send(
      "fn f(n: int, --loud, --to: string = \"x\", ...rest) { [$n, $loud, $to] }\n$f")
    guard case .closure(let closure) = function else {
      Issue.record("no closure")
      return
    }
    #expect(closure.function.signature == "f(n: int, --loud, --to: string, ...rest)")
    pair.receiver.setGlobal("f", function)
    let outcome = run("call $f 3.0", pair.receiver, pair.receiverHost)
    #expect(outcome.value.asText == "[3, false, \"x\"]")
    #expect(
      run("call $f no", pair.receiver, pair.receiverHost).failure
        == "type: bad argument 'n' of 'f': it must be a whole number, but is \"no\"")
    let flagged = try pair.receiver.invoke(
      function, [.int(1)], flags: [("loud", .bool(true)), ("to", .text("y"))], wantsValue: true)
    #expect(flagged.asText == "[1, true, \"y\"]")
  }

  @Test func capturedVariablesAreASnapshot() throws {
    let pair = Pair()
    let text = "var n = 1\nlet add = { n += 1; $n }\ncall $add\n[$add, { $n }]"
    guard case .list(let both) = try pair.send(text) else {
      Issue.record("no list")
      return
    }
    #expect(try pair.receiver.invoke(both.items[0], []).asText == "3")
    #expect(try pair.receiver.invoke(both.items[1], []).asText == "3", "they share the variable")
    guard case .list(let again) = try pair.send("var n = 1\n[{ n += 1; $n }, { $n }]") else {
      Issue.record("no list")
      return
    }
    #expect(try pair.receiver.invoke(again.items[0], []).asText == "2")
    #expect(try pair.receiver.invoke(both.items[1], []).asText == "3", "of their own message")
  }

  @Test func closuresMayReferToThemselves() throws {
    let fact = "var f = null\nf = { |n| if $n < 2 { 1 } else { $n * (call $f ($n - 1)) } }\n$f"
    #expect(try Pair().call(fact, .int(10)) == "3628800")
    #expect(try Pair().call(fact, .int(10), persistent: true) == "3628800")
    let global = "fn fact(n) { if $n < 2 { 1 } else { $n * (fact ($n - 1)) } }\n$fact"
    #expect(try Pair().call(global, .int(10)) == "3628800")
    let local =
      "if true { fn fact(n) { if $n < 2 { 1 } else { $n * (fact ($n - 1)) } }\n{ |n| fact $n } }"
    #expect(try Pair().call(local, .int(10)) == "3628800")
  }

  @Test func functionsComeAlong() throws {
    let text = """
      let base = 100
      fn even(n) { if $n == 0 { true } else { odd ($n - 1) } }
      fn odd(n) { if $n == 0 { false } else { even ($n - 1) } }
      fn helper(x) { $x + $base }
      { |x| [(even $x), (helper $x), $helper != null] }
      """
    for isPersistent in [false, true] {
      #expect(try Pair().call(text, .int(7), persistent: isPersistent) == "[false, 107, true]")
    }
  }

  @Test func theReceiversOwnNamesStay() throws {
    let pair = Pair()
    _ = run(
      "let base = 1\nfn helper(x) { \"mine\" }\nlet f = { helper 1 }", pair.receiver,
      pair.receiverHost)
    let function = try pair.send(
      "let base = 100\nfn helper(x) { $x + $base }\n{ |x| helper $x }", persistent: true)
    #expect(try pair.receiver.invoke(function, [.int(1)]).asText == "101")
    let outcome = run("[(helper 1), $base, (call $f)]", pair.receiver, pair.receiverHost)
    #expect(outcome.value.asText == "[\"mine\", 1, \"mine\"]")
  }

  @Test func namesOfFunctionsAsArgumentsComeAlong() throws {
    let pair = Pair()
    let function = try pair.send(
      "fn shown(x) { print \"<$x>\" }\n{ each [1, 2] shown }", persistent: true)
    _ = try pair.receiver.invoke(function, [])
    #expect(pair.receiverHost.output == "<1>\n<2>\n")
  }

  @Test func wordsThatBecameFunctionsComeAlong() throws {
    let pair = Pair()
    // Known only when it runs: the block was compiled before the function.
    _ = run("let f = { later 3 }", pair.sender, pair.senderHost)
    _ = run("fn later(x) { $x + 1 }", pair.sender, pair.senderHost)
    let function = try pair.deliver(try #require(pair.sender.global("f")))
    #expect(try pair.receiver.invoke(function, []).asText == "4")
    _ = run("fn later(x) { $x + 2 }", pair.sender, pair.senderHost)
    let newer = try pair.deliver(try #require(pair.sender.global("f")))
    #expect(try pair.receiver.invoke(newer, []).asText == "5")
  }

  @Test func commandsAndProgramsTravelByName() throws {
    let pair = Pair()
    for name in ["shout", "cat"] {
      let back = try pair.deliver(try pair.sender.function(named: name))
      #expect(back.asText == (try pair.receiver.function(named: name)).asText)
    }
    let shout = try pair.deliver(try pair.sender.function(named: "shout"))
    #expect(try pair.receiver.invoke(shout, [.text("a")]).asText == "A")
    let poor = Interpreter(table: CommandTable([]), host: pair.receiverHost)
    let bytes = try WireEncoder().copied(try pair.sender.function(named: "shout"))
    #expect(throws: ErrorObject.self) {
      try bytes.withUnsafeBytes { try WireDecoder(poor).decode($0) }
    }
  }

  @Test func nestedFunctionsAndPathsWork() throws {
    let text = """
      var log = [a: [1]]
      {
        |x = 2, ...more|
        fn add(y) { log.a += [$y]; $log }
        let twice = { |z| add ($z * $x) }
        call $twice 5
        for m in $more { add $m }
        $log
      }
      """
    #expect(try Pair().call(text) == "[a: [1, 10]]")
    #expect(try Pair().call(text, .int(3), .int(7)) == "[a: [1, 15, 7]]")
  }

  @Test func sentOnTheyStillWork() throws {
    let pair = Pair()
    let maker = try pair.send("\n\nlet k = 3\n{ |n|\n  { |x| $x * $n * $k } }")
    let inner = try pair.receiver.invoke(maker, [.int(2)])
    let third = Interpreter(table: testTable, host: TestHost())
    let bytes = try WireEncoder(pair.receiver).copied(inner)
    let back = try bytes.withUnsafeBytes { try WireDecoder(third).decode($0) }
    #expect(try third.invoke(back, [.int(5)]).asText == "30")
    guard case .closure(let closure) = back else { return }
    #expect(closure.function.source.position(closure.function.span.start).line == 5)
  }

  @Test func errorsPointIntoTheSendersText() throws {
    let pair = Pair()
    let text = "let a = 1\nfn helper(x) {\n  $x.nothing\n}\nlet é = { |x|\n  helper [x: $x]\n}; $é"
    let function = try pair.send(text, name: "work.brood")
    do {
      _ = try pair.receiver.invoke(function, [.int(1)])
      Issue.record("no error")
    } catch let error as ErrorObject {
      #expect(error.location?.description == "work.brood:3:3")
      #expect(error.location.map { $0.source.line(3) } == "  $x.nothing")
      #expect(error.location.map { $0.source.text($0.span) } == "$x.nothing")
      #expect(error.trace.map(\.location.description) == ["work.brood:6:3"])
    }
  }

  @Test func aTextIsCompiledOnce() throws {
    let pair = Pair()
    let function = try pair.send("{ |x| $x + 1 }")
    for _ in 0..<100 {
      guard case .closure(let a) = function,
        case .closure(let b) = try pair.send("{ |x| $x + 1 }")
      else { return }
      #expect(a.function === b.function)
    }
    // The same words at another place are another text.
    guard case .closure(let a) = function, case .closure(let b) = try pair.send(" { |x| $x + 1 }")
    else { return }
    #expect(a.function !== b.function)
  }

  @Test func longChainsOfClosuresTravel() throws {
    let text = """
      var f = { |x| $x }
      fn wrap(g) { { |x| call $g ($x + 1) } }
      var i = 0
      while $i < 5000 { f = wrap $f; i += 1 }
      [$f, "end"]
      """
    let back = try Pair().send(text)
    #expect(back.asText == "[<block>, \"end\"]")
  }

  @Test func whatABlockHoldsMayNotTravel() throws {
    let pair = Pair()
    pair.sender.setGlobal("s", .stream(StreamObject()))
    do {
      _ = try pair.send("{ each $s { } }", persistent: true)
      Issue.record("no error")
    } catch let error as ErrorObject {
      #expect(error.message == "a stream cannot be sent to another process")
      #expect(error.help == "it is in the variable '$s' that the block uses")
    }
  }

  @Test func handlesAskTheCoder() throws {
    let coder = NumberCoder()
    let encoder = WireEncoder(handles: coder)
    let value = Value.items([.handle(NumberHandle(7)), .int(1), .handle(NumberHandle(300))])
    let size = try encoder.encodedSize(of: value)
    #expect(coder.count == 0)
    let bytes = try encoder.copied(value)
    #expect(coder.count == 2 && bytes.count == size)
    let back = try bytes.withUnsafeBytes { try WireDecoder(handles: coder).decode($0) }
    guard case .list(let list) = back else { return }
    #expect(list.items.map { ($0.handle as? NumberHandle)?.number } == [7, nil, 300])
  }
}

private final class NumberHandle: Handle {
  let number: Int
  init(_ number: Int) { self.number = number }
}

private final class NumberCoder: HandleCoder {
  var count = 0

  func encode(_ handle: Handle) throws -> (kind: UInt8, bytes: [UInt8]) {
    guard let handle = handle as? NumberHandle else { throw Wire.cannotSend(handle) }
    count += 1
    return (9, withUnsafeBytes(of: handle.number, Array.init))
  }

  func encodedCount(of handle: Handle) throws -> Int { 8 }

  func decode(kind: UInt8, bytes: UnsafeRawBufferPointer) throws -> Handle {
    #expect(kind == 9)
    return NumberHandle(bytes.loadUnaligned(as: Int.self))
  }
}

extension Value {
  fileprivate var handle: Handle? {
    if case .handle(let handle) = self { return handle }
    return nil
  }
}
