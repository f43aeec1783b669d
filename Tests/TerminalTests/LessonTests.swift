import Foundation
import TestSupport
import Testing

/// Lessons at the prompt: steps, predictions, goals that look at what is so.
@Suite struct LessonTests {
  private static let lesson = """
    # A try
    topics: zombie

    Introduction.

    ## The zombie

    Wait for kid.

    ```setup
    fork --name kid { exit 42 }
    wait kid --peek
    ```
    ```predict state
    What is kid?
    - S
    - Z
    answer: 2
    why 1: M7
    ```
    ```goal
    seen { starts-with (state kid) "Z" }
    then { (len (lesson events wait kid)) > 0 }
    ```
    ```hint
    First hint.
    ```
    ```hint
    Second hint.
    ```
    ```wrong
    kill -9 kid
    when { (len (lesson events kill kid)) > 0 }
    ---
    It has ended already.
    ```
    ```solution
    wait kid
    ```

    ## A second process

    Make one that is called two.

    ```goal
    (state two) != ""
    ```
    ```solution
    fork --name two { sleep 1h }
    ```

    ## The end

    Nothing to do.
    """

  private let shell: PromptShell
  private var terminal: Terminal { shell.terminal }

  init() throws {
    shell = try PromptShell(files: ["try.md": Self.lesson])
  }

  private func begin() throws {
    try terminal.enter("lesson ./try.md")
    try terminal.expect("What is kid?\n1. S\n2. Z\n")
    try terminal.expectLine("Your prediction (1-2)> ")
  }

  private func answer(_ text: String = "1") throws {
    try terminal.enter(text)
    try terminal.expect("Noted.")
    try terminal.expectLine("brood> ")
  }

  @Test func aWholeLesson() throws {
    try begin()
    // A word that is no option is asked for again, and Ctrl-C only drops the line.
    try terminal.enter("x")
    try terminal.expect("First your prediction: a number from 1 to 2.\n")
    try terminal.type("\u{3}")
    try terminal.expectLine("Your prediction (1-2)> ")
    try answer()
    try terminal.enter("kill -9 kid")
    try terminal.expect("It has ended already.\n")
    try shell.enter("hint", expecting: "First hint.")
    try shell.enter("hint", expecting: "Second hint.")
    try shell.enter("hint", expecting: "There are no more hints")
    try shell.enter("check", expecting: "Not yet: 1 of 2 parts.")
    try shell.enter("next", expecting: "The goal of this step is not reached yet")
    try terminal.enter("wait kid")
    try terminal.expect("Reached.")
    try terminal.expect("You predicted: S\nIn fact: Z\nMany believe this: ")
    try terminal.expect("Press Enter to go on.\nbrood> ")
    try terminal.enter("")
    try terminal.expect("2/3 A second process")
    try terminal.expectLine("brood> ")
    // Reached while nothing is typed: the goal is looked at every 100 ms.
    try terminal.enter("fork --name two { sleep 1h }; null")
    try terminal.expect("Reached. Press Enter to go on.\n")
    try terminal.enter("")
    try terminal.expect("3/3 The end")
    try terminal.enter("")
    try terminal.expect("This lesson is done.")
    try terminal.expectLine("brood> ")
    // What the lesson has started has ended with it.
    try shell.enter("print (len (ps))", expecting: "\n1")
    try shell.enter("lesson report", expecting: "./try.md")
    let kept = try shell.read(".local/state/brood/lessons")
    #expect(kept.contains("\"answer\":\"1\",\"right\":false,\"why\":\"M7\""))
    #expect(try shell.leave() == .exited(0))
  }

  @Test func showSkipAndReset() throws {
    try begin()
    try answer("2")
    try terminal.enter("show")
    try terminal.expectLine("brood> wait kid")
    try terminal.enter("")
    try terminal.expect("Your prediction was right: Z")
    try terminal.expectLine("brood> ")
    // The scene is set anew, and the question comes again.
    try terminal.enter("reset")
    try terminal.expect("All is as it was")
    try terminal.expectLine("Your prediction (1-2)> ")
    try answer()
    try shell.enter("state kid", expecting: "Z zombie")
    try terminal.enter("skip")
    try terminal.expect("brood> wait kid\n")
    try terminal.expect("2/3 A second process")
    try terminal.expectLine("brood> ")
    try terminal.enter("quit")
    try terminal.expect("You have left the lesson; `lesson ./try.md` goes on with it.")
    try terminal.expectLine("brood> ")
    // It goes on with the first step that was not done.
    try terminal.enter("lesson ./try.md")
    try terminal.expect("2/3 A second process")
  }

  /// What `reset` ends is none of the learner's doing.
  @Test func resetReachesNoGoal() throws {
    let shell = try PromptShell(files: [
      "end.md": """
      # A try

      ## The end of kid

      ```setup
      fork --name kid { sleep 1h }
      ```
      ```predict value
      How many?
      answer: 1
      ```
      ```goal
      (len (lesson events end)) + (len (lesson events wait)) > 0
      ```
      ```solution
      kill kid; wait kid
      ```
      """
    ])
    try shell.terminal.enter("lesson ./end.md")
    try shell.terminal.expectLine("Your prediction> ")
    // A command is no number, and a word that helps is no answer.
    try shell.terminal.enter("ps")
    try shell.terminal.expect("First your prediction: a number.\n")
    try shell.terminal.enter("show")
    try shell.terminal.expect("First your prediction.\n")
    try shell.terminal.expectLine("Your prediction> ")
    for _ in 1...3 {
      try shell.terminal.enter("1")
      try shell.terminal.expect("Noted.")
      try shell.terminal.expectLine("brood> ")
      try shell.terminal.enter("reset")
      try shell.terminal.expect("\nAll is as it was at the beginning of the step.\n")
      try shell.terminal.expectLine("Your prediction> ")
    }
    #expect(try !shell.read(".local/state/brood/lessons").contains("done"))
    // Who skips a question is told the answer.
    try shell.terminal.enter("skip")
    try shell.terminal.expect("In fact: 1\n")
    try shell.terminal.expect("This lesson is done.")
  }

  /// Ctrl-C while a scene is set leaves the lesson, and who waits long for a scene is told so.
  @Test func ctrlCWhileASceneIsSetLeavesTheLesson() throws {
    let shell = try PromptShell(files: [
      "slow.md": """
      # Slow

      ## A step

      Text.

      ```setup
      fork --name kid { sleep 1h }
      sleep 1h
      ```
      ```goal
      (len (lesson events wait kid)) > 0
      ```
      ```solution
      wait kid
      ```
      """
    ])
    try shell.terminal.enter("lesson ./slow.md")
    try shell.terminal.expect("The scene is being set …")
    try shell.terminal.press(.control("C"))
    try shell.terminal.expect("You have left the lesson; `lesson ./slow.md` goes on with it.")
    try shell.terminal.expectLine("brood> ")
    try shell.enter("print (len (ps))", expecting: "\n1")
  }

  /// Signals that were blocked or ignored in a lesson are so no longer after it, and what was sent
  /// meanwhile does not end the shell.
  @Test(arguments: ["quit", "reset"]) func signalsAreAsBefore(_ word: String) throws {
    try begin()
    try answer()
    try shell.enter("signal block USR1; kill -USR1 $pid; signal ignore HUP")
    try terminal.enter(word)
    try terminal.expectLine(word == "quit" ? "brood> " : "Your prediction (1-2)> ")
    if word == "reset" { try answer() }
    let text = "(any (signal list) { |s| $s.name == \"HUP\" and $s.action == \"ignore\" })"
    try shell.enter("print (signal pending) \(text)", expecting: "\n[] false")
  }

  /// What an entry shows comes first, then what has become of children, then what the lesson says.
  @Test func theLessonSpeaksLast() throws {
    let shell = try PromptShell(files: [
      "order.md": """
      # Order

      ## A step

      Text.

      ```setup
      fork --name kid { sleep 1h }
      ```
      ```goal
      starts-with (state kid) "T"
      ```
      ```wrong
      kill -WINCH kid
      when { (len (lesson events kill kid)) > 0 }
      ---
      That was another signal.
      ```
      ```solution
      stop kid
      ```
      """
    ])
    try shell.terminal.enter("lesson ./order.md")
    try shell.terminal.expectLine("brood> ")
    try shell.terminal.enter("kill -WINCH kid; sleep 300ms; print shown")
    try shell.terminal.expect("shown\nThat was another signal.\n")
    try shell.terminal.expectLine("brood> ")
    try shell.terminal.enter("stop kid; sleep 300ms; print stopped")
    try shell.terminal.expect("stopped: STOP\nReached. Press Enter to go on.\n")
  }

  /// A state that is over within an entry is seen, since the change of a child wakes the lesson.
  @Test func aGoalIsLookedAtWhenAChildChanges() throws {
    let shell = try PromptShell(files: [
      "stop.md": """
      # A try

      ## Stopped

      ```setup
      fork --name kid { sleep 1h }
      ```
      ```goal
      seen { starts-with (state kid) "T" }
      then { starts-with (state kid) "S" }
      ```
      ```solution
      stop kid; continue kid
      ```
      """
    ])
    try shell.terminal.enter("lesson ./stop.md")
    try shell.terminal.expectLine("brood> ")
    try shell.terminal.enter(
      "stop kid; while (state kid) != \"T stopped\" { }; sleep 20ms; continue kid")
    try shell.terminal.expect("Reached.")
  }

  /// A state of a channel that is over within an entry is seen, too.
  @Test func aGoalIsLookedAtBetweenOperations() throws {
    let shell = try PromptShell(files: [
      "full.md": """
      # A try

      ## Full

      ```setup
      queue new q 2
      ```
      ```goal
      seen { queue full q }
      then { queue empty q }
      ```
      ```solution
      queue put q 1; queue put q 2
      queue get q; queue get q
      ```
      """
    ])
    try shell.terminal.enter("lesson ./full.md")
    try shell.terminal.expectLine("brood> ")
    try shell.terminal.enter(
      "queue put q 1; queue put q 2; queue get q; queue get q; for i in 1..9999 { queue put q $i; queue get q }"
    )
    try shell.terminal.expect("Reached.")
    try shell.terminal.expect("brood> ")
    // The listener is gone with the lesson.
    try shell.terminal.enter("")
    try shell.terminal.expect("This lesson is done.")
    try shell.enter("queue new r; queue put r 1; print (queue get r)", expecting: "\n1")
  }

  @Test func leavingTheShellEndsTheLesson() throws {
    try begin()
    try answer()
    try shell.enter("fork --name mine { sleep 1h }; null")
    try terminal.enter("exit")
    #expect(try terminal.expectEnd() == .exited(0))
  }

  /// Who presses Ctrl-D at a question, or behind it, leaves the lesson and not the shell.
  @Test(arguments: [false, true]) func theEndOfInputLeavesTheLessonFirst(_ isAnswered: Bool) throws
  {
    try begin()
    if isAnswered { try answer() }
    try terminal.press(.control("C"))
    // What is pressed while the line begins anew is the terminal's.
    try terminal.expect("^C")
    try terminal.expect(isAnswered ? "brood> " : "Your prediction (1-2)> ")
    try terminal.press(.control("D"))
    try terminal.expect("You have left the lesson; `lesson ./try.md` goes on with it.")
    try terminal.expectLine("brood> ")
    #expect(try shell.leave() == .exited(0))
  }

  /// `next` and `reset` mean something right behind a lesson, too, but not for ever.
  @Test func wordsBehindTheEnd() throws {
    try terminal.enter("lesson ./try.md 3")
    try terminal.expect("3/3 The end")
    try terminal.enter("")
    try terminal.expect("This lesson is done.")
    try terminal.expectLine("brood> ")
    try terminal.enter("next")
    try terminal.expect("no lesson runs here")
    try terminal.expect("= help: lesson lists them all, lesson ./try.md 3 the last step again")
    try terminal.expectLine("brood> ")
    try terminal.enter("reset")
    try terminal.expect("3/3 The end")
    try terminal.expectLine("brood> ")
    try terminal.enter("quit")
    try terminal.expect("You have left the lesson")
    try terminal.expectLine("brood> ")
    try terminal.enter("hint")
    try terminal.expect("= help: lesson ./try.md goes on with the one that you have left")
    try terminal.expectLine("brood> ")
    try terminal.enter("next")
    try terminal.expect("1/3 The zombie")
    try terminal.expectLine("Your prediction (1-2)> ")
    try terminal.enter("quit")
    try terminal.expectLine("brood> ")
    // Other words come first now, as the program `reset` does.
    try shell.enter("print other", expecting: "\nother")
    try terminal.enter("hint")
    try terminal.expect("there is no command 'hint'")
    try terminal.expectLine("brood> ")
    try terminal.enter("lesson reset")
    try terminal.expect("1/3 The zombie")
  }

  /// The next lesson of the program begins with `next`.
  @Test func nextBeginsTheNextLesson() throws {
    try terminal.enter("lesson c5 5")
    try terminal.expectLine("Your prediction (1-2)> ")
    try terminal.enter("2")
    try terminal.expect("Your prediction was right")
    try terminal.expectLine("brood> ")
    try terminal.enter("")
    try terminal.expect("This lesson is done. The next one: `lesson c6`")
    try terminal.expectLine("brood> ")
    try terminal.enter("next")
    try terminal.expect("1/4 Who am I?")
  }

  /// Progress that cannot be written is told of once, and lasts as long as the session.
  @Test func progressThatCannotBeKept() throws {
    let shell = try PromptShell(files: ["try.md": Self.lesson, ".local": "no directory"])
    let terminal = shell.terminal
    try terminal.enter("lesson ./try.md")
    try terminal.expect("Your progress cannot be kept in")
    try terminal.expectLine("Your prediction (1-2)> ")
    try terminal.enter("skip")
    try terminal.expect("2/3 A second process")
    try terminal.expectLine("brood> ")
    try terminal.enter("quit")
    try terminal.expectLine("brood> ")
    try terminal.enter("lesson ./try.md")
    try terminal.expect("2/3 A second process")
    try terminal.expectLine("brood> ")
    #expect(terminal.screen.text.components(separatedBy: "cannot be kept").count <= 2)
  }

  @Test func theCursorsLineIsKeptWhenAGoalIsReached() throws {
    try begin()
    try answer()
    try shell.enter("skip", expecting: "2/3")
    try shell.enter("alarm 500ms; signal on ALRM { fork --name two { sleep 1h } }")
    try terminal.type("print unfinished")
    try terminal.expectScreen("the news above the line") {
      $0.text.contains("Reached.") && $0.text.hasSuffix("brood> print unfinished")
    }
  }

  @Test(arguments: [80, 40]) func chineseFitsTheColumns(_ columns: Int) throws {
    let shell = try PromptShell(environment: ["LANG": "zh_CN.UTF-8"], columns: columns)
    try shell.terminal.enter("lesson 5")
    try shell.terminal.expect("> ")
    try shell.terminal.enter("quit")
    try shell.terminal.expect("已退出这一课")
    try shell.terminal.expectLine("brood> ")
    try shell.terminal.enter("explain zombie")
    try shell.terminal.expect("另见")
  }

  private static let looking = """
    # A look

    ## The zombie

    Make one that is called kid, and look.

    ```predict state
    What is it?
    - S
    - Z
    answer: 2
    ```
    ```goal
    seen { starts-with (state kid) "Z" }
    then { lesson shown Z zombie }
    ```
    ```solution
    fork --name kid { exit 42 }
    state kid
    ```

    ## The end

    Nothing to do.
    """

  private func makeZombie() throws -> PromptShell {
    let shell = try PromptShell(files: ["look.md": Self.looking])
    let terminal = shell.terminal
    try terminal.enter("lesson ./look.md")
    try terminal.expectLine("Your prediction (1-2)> ")
    try terminal.enter("1")
    try terminal.expect("Noted.")
    try terminal.expectLine("brood> ")
    try terminal.enter("fork --name kid { exit 42 }; null")
    try terminal.expect("That is done. Now look what came of it")
    try terminal.expectLine("brood> ")
    return shell
  }

  /// Ctrl-D leaves the lesson first.
  private func leave(_ shell: PromptShell) throws {
    try shell.enter("lesson quit")
    #expect(try shell.leave() == .exited(0))
  }

  /// A step that asks for a look is reached when the shell has shown what was to be seen.
  @Test func aStepIsReachedByALook() throws {
    let shell = try makeZombie()
    // A text to read shows nothing of what is so.
    try shell.enter("explain zombie", expecting: "Zombie process")
    try shell.enter("check", expecting: "That is done. Now look what came of it")
    try shell.terminal.enter("ps")
    try shell.terminal.expect("zombie")
    try shell.terminal.expect("Reached.")
    try shell.terminal.expect("You predicted: S\nIn fact: Z\n")
    try shell.terminal.expectLine("brood> ")
    try leave(shell)
  }

  /// Who has looked elsewhere says so.
  @Test func aLookElsewhere() throws {
    let shell = try makeZombie()
    try shell.terminal.enter("next")
    try shell.terminal.expect("Reached.")
    try shell.terminal.expect("You predicted: S\nIn fact: Z\n")
    try shell.terminal.enter("")
    try shell.terminal.expect("2/2 The end")
    try shell.terminal.expectLine("brood> ")
    try leave(shell)
  }
}
