/// What lessons say beside their own texts.
enum LessonPhrases {
  static let reached = Phrase("Reached.", "完成。")
  static let enter = Phrase("Press Enter to go on.", "按回车继续。")
  static let over = Phrase("This lesson is done.", "这一课完成了。")
  static let last = Phrase(" `lesson` lists what else there is.", "输入 `lesson` 查看全部课程。")
  static let settingScene = Phrase("The scene is being set …", "正在布置场景……")
  static let words = Phrase(
    "At any time: `hint`, `check` what is reached, `skip` the step, `show` its solution, `reset` it, "
      + "`quit`.",
    "随时可以输入 `hint`（提示）、`check`（检查）、`skip`（跳过）、`show`（答案）、`reset`（重来）、`quit`（退出）。")
  static let noGoal = Phrase(
    "There is nothing to reach in this step: Enter goes on.", "这一步没有目标：按回车继续。")
  static let noMoreHints = Phrase(
    "There are no more hints; `show` puts the solution into the line, `skip` does the step.",
    "没有更多提示了；`show` 把答案放进命令行，`skip` 替你完成这一步。")
  static let noSolution = Phrase("This step has no solution to show.", "这一步没有答案可以显示。")
  static let mustReach = Phrase(
    "The goal of this step is not reached yet; `skip` does it.", "这一步的目标还没有达到；`skip` 替你完成。")
  static let lookNow = Phrase(
    "That is done. Now look what came of it, as the step says, before you do more.",
    "做到了。先照上面说的看一看结果，再往下做。")
  static let lookAtLast = Phrase(
    "That is done. Now look what came of it, as the step says. (`next` if you have seen it elsewhere.)",
    "做到了。现在照上面说的看一看结果。（如果在别处已经看过，输入 `next`。）")
  static let answerFirst = Phrase("First your prediction.", "先说说你的预测。")
  static let question = Phrase("Your prediction", "你的预测")
  static let noted = Phrase("Noted. Now find out.", "记下了。现在试一试。")
  static let number = Phrase("First your prediction: a number.", "先说说你的预测：请输入一个数。")
  static let right = Phrase("Your prediction was right: ", "你的预测是对的：")
  static let wrong = Phrase("You predicted: ", "你的预测：")
  static let truth = Phrase("In fact: ", "实际上：")
  static let skipped = Phrase("Done for you:", "替你完成：")
  static let reset = Phrase("All is as it was at the beginning of the step.", "已恢复到这一步开始时的样子。")
  static let cannotEnd = Phrase(
    "Some processes of the lesson could not be ended.", "这一课的某些进程无法结束。")

  static func options(upTo count: Int) -> Phrase {
    Phrase("First your prediction: a number from 1 to \(count).", "先说说你的预测：请输入 1 到 \(count)。")
  }

  static func notKept(_ path: String, _ reason: String) -> Phrase {
    Phrase(
      "Your progress cannot be kept in \(path) (\(reason)): it lasts as long as this session.",
      "学习进度无法保存到 \(path)（\(reason)），只在本次会话里有效。")
  }

  /// How much of the goal is reached, where it has several parts.
  static func notYet(_ met: Int, of all: Int) -> Phrase {
    guard all > 1 else { return Phrase("Not yet.", "还没有。") }
    return Phrase("Not yet: \(met) of \(all) parts.", "还没有：共 \(all) 部分，完成了 \(met) 部分。")
  }

  static func next(_ number: String) -> Phrase {
    Phrase(" The next one: `lesson \(number)`", "下一课：`lesson \(number)`")
  }

  static func left(_ number: String) -> Phrase {
    Phrase(
      "You have left the lesson; `lesson \(number)` goes on with it.",
      "已退出这一课；输入 `lesson \(number)` 可以接着学。")
  }

  /// - Parameter ticks: whether the command is marked as code.
  static func misconception(_ title: String, _ name: String, ticks: Bool = true) -> Phrase {
    let command = ticks ? "`explain \(name)`" : "explain \(name)"
    return Phrase(
      "Many believe this: \(title) (\(command))", "这是一个常见的误解：\(title)（\(command)）")
  }
}
