import Foundation
import TestSupport
import Testing

/// The transcript runner itself, with /bin/sh and bash in the place of Brood.
@Suite struct Runner {
  private func sections(_ text: String) throws -> [Section] {
    try SessionFile(URL(filePath: "/nowhere/test.session"), text: text).sections
  }

  private func messages(_ text: String, program: String = "/bin/sh") throws -> [String] {
    try sections(text).flatMap { try $0.run(with: program).failures.map(\.message) }
  }

  @Test func headingsMakeATree() throws {
    let found = try sections(
      """
      # family
      @env A=1
      ## first
      Some prose.

          one

          ---
          two
      ## second
      @env B=2

          three
      # other

          four
      """)
    #expect(found.map(\.title) == ["family / first", "family / second", "other"])
    #expect(found.map(\.block) == [["one", "", "---", "two"], ["three"], ["four"]])
    #expect(found.map(\.settings.environment) == [["A": "1"], ["A": "1", "B": "2"], [:]])
    #expect(found.map(\.blockLine) == [6, 13, 16])
  }

  @Test func malformedFilesAreRefused() {
    let malformed = [
      "    no heading", "# a\n@nonsense", "# a\n\n    1\n\nprose\n\n    2", "# a\n@run x\n",
    ]
    for text in malformed {
      #expect(throws: SessionFile.Malformed.self) { _ = try sections(text) }
    }
  }

  @Test func scriptsFit() throws {
    let found = try messages(
      """
      # output, standard error and status
      @args x 'y z'

          echo "out $#"; echo "err $2" >&2; exit 3
          --- exit 3
          out 2
          ! err y z
      # holes
          echo "$$ is $$"; echo "some time"; echo 1; echo 2; echo "a    b"; echo "$$" >&2
          ---
          ⟨pid⟩ is ⟨pid⟩
          some …
          …
          a  …
          ! ⟨pid⟩
      # files, input and directory
      @file data/one.txt

          from a file

      @stdin

          from the input

      @script

          cat data/one.txt -; echo "$TERM $NO_COLOR $TZ"
          ---
          from a file
          from the input
          dumb 1 UTC
      # all arguments
      @run -c 'echo "$0"' zero

          ---
          zero
      # what looks like standard error
          echo '! out'
          ---
          \\! out
      # death
          kill -9 $$
          --- signal KILL
      """)
    #expect(found.isEmpty)
  }

  @Test func differencesAreShown() throws {
    let found = try messages(
      """
      # lines
          echo a; echo b; echo c; echo e >&2; exit 1
          ---
          a
          x
          c
      # holes
          echo 1 2
          ---
          ⟨n⟩ ⟨n⟩
      """)
    #expect(
      found == [
        "- --- exit 0\n+ --- exit 1\nstandard output:\n  a\n- x\n+ b\n  c\nstandard error:\n+ e",
        "standard output:\n- ⟨n⟩ ⟨n⟩\n+ 1 2",
      ])
  }

  @Test func theDeadlineKillsTheWholeSession() throws {
    let clock = ContinuousClock()
    let duration = try clock.measure {
      let found = try messages(
        """
        # sleeps
        @timeout 1

            sleep 60 & sleep 60
            ---
        """)
      #expect(found == ["- --- exit 0\n+ --- killed when its time was up"])
    }
    #expect(duration < .seconds(10))
  }

  @Test func whatIsLeftBehindIsReported() throws {
    let text = "# leaves\n    sleep 60 >/dev/null 2>&1 &\n"
    let found = try messages(text)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("left behind: ") == true)
    #expect(try messages(text.replacing("leaves\n", with: "leaves\n@detached\n\n")).isEmpty)
  }

  @Test func updatingKeepsWhatFits() throws {
    let section = try #require(
      sections(
        """
        # update
            echo "pid $$"; echo new; echo kept; echo 1; echo end; echo oops >&2; exit 2
            ---
            pid ⟨pid⟩
            old
            kept
            …
            end
            gone
        """
      ).first)
    #expect(
      try section.run(with: "/bin/sh").updated.dropFirst() == [
        "--- exit 2", "pid ⟨pid⟩", "new", "kept", "…", "end", "! oops",
      ])
  }

  @Test func promptsFit() throws {
    let found = try messages(
      """
      # typed
      @run --norc --noprofile
      @env PS1=brood>\u{20}
      @env PS2=\u{20}\u{20}...>\u{20}

          brood> echo $$ $$; sleep 0.2 &
          ⟨pid⟩ ⟨pid⟩
          [1] …
          brood> if true; then
            ...> echo yes
            ...> fi
          yes
          brood> echo $$
          ⟨pid⟩
          brood> exit 0
          exit
      """, program: "/bin/bash")
    #expect(found.isEmpty)
  }

  @Test func typedDifferencesAreShown() throws {
    let section = try #require(
      sections(
        """
        # typed
        @run --norc --noprofile
        @env PS1=brood>\u{20}

            brood> echo one
            two
            brood> echo three
            three
        """
      ).first)
    let outcome = try section.run(with: "/bin/bash")
    #expect(outcome.failures.map(\.message) == ["- two\n+ one"])
    #expect(outcome.failures.map(\.line) == [5])
    #expect(outcome.updated == ["brood> echo one", "one", "brood> echo three", "three"])
  }
}
