import Testing

@testable import Session

/// Several inputs for one call of a program: `-n` and `-X`.
@Suite struct InputGroupsTests {
  private func groups(
    of count: Int, most: Int? = nil, isFilled: Bool = false, room: Int = 1 << 20, jobs: Int = 2,
    words: [String] = ["echo"]
  ) -> InputGroups {
    var next = 0
    return InputGroups(
      ProgramTemplate(words), most: most, isFilled: isFilled, room: room, jobs: jobs, stream: nil
    ) {
      next += 1
      return next > count ? nil : TaskInput("\(next)")
    }
  }

  /// The inputs of each call; what is known already stands alone, in brackets.
  private func calls(_ groups: InputGroups) throws -> [String] {
    var result: [String] = []
    while let next = try groups.next() {
      switch next {
      case .group(let members): result.append(members.map(\.input.text).joined(separator: " "))
      case .known(let record): result.append("[\(record.input.text)]")
      }
    }
    return result
  }

  @Test func soManyAtATime() throws {
    #expect(try calls(groups(of: 5, most: 2)) == ["1 2", "3 4", "5"])
    #expect(try calls(groups(of: 0, most: 2)) == [])
    #expect(try calls(groups(of: 3, most: 7)) == ["1 2 3"])
  }

  @Test func whatIsLeftIsSharedEvenly() throws {
    #expect(
      try calls(groups(of: 10, isFilled: true, jobs: 3)) == ["1 2 3 4", "5 6 7 8", "9 10"])
    #expect(try calls(groups(of: 1, isFilled: true, jobs: 3)) == ["1"])
    #expect(
      try calls(groups(of: 7, most: 2, isFilled: true, jobs: 1)) == ["1 2", "3 4", "5 6", "7"])
  }

  @Test func noMoreThanThereIsRoomFor() throws {
    // "echo" takes 5 bytes and a pointer, an input of one digit 2 bytes and one.
    let calls = try calls(groups(of: 9, isFilled: true, room: 13 + 3 * 10, jobs: 1))
    #expect(calls == ["1 2 3", "4 5 6", "7 8 9"])
  }

  @Test func oneThatIsTooLongGoesAlone() throws {
    #expect(try calls(groups(of: 2, isFilled: true, room: 1, jobs: 1)) == ["1", "2"])
  }

  @Test func whatIsKnownIsLeftOut() throws {
    let groups = groups(of: 6, most: 2)
    groups.recall = { record in ["2", "3", "6"].contains(record.input.text) }
    #expect(try calls(groups) == ["[2]", "[3]", "1 4", "[6]", "5"])
  }

  @Test func inputsAreNumberedOneByOne() throws {
    let groups = groups(of: 3, most: 2)
    var numbers: [Int] = []
    groups.recall = { record in
      numbers.append(record.index)
      return false
    }
    _ = try calls(groups)
    #expect(numbers == [0, 1, 2])
  }

  @Test func aStreamIsNotWaitedFor() throws {
    var there = ["a"]
    var hasEnded = false
    let stream = InputStream(descriptor: 0) { !there.isEmpty || hasEnded }
    let groups = InputGroups(
      ProgramTemplate(["echo"]), most: 2, isFilled: false, room: 1000, jobs: 1, stream: stream
    ) { there.isEmpty ? nil : TaskInput(there.removeFirst()) }
    let isReady = try #require(groups.inputStream).isReady
    #expect(try !isReady())
    there = ["b"]
    #expect(try isReady())
    #expect(try groups.nextInput()?.text == "a b")
    #expect(try !isReady())
    hasEnded = true
    #expect(try isReady())
    #expect(try groups.nextInput() == nil)
  }
}
