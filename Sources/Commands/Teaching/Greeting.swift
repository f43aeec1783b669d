import Language
import Session
import Teaching

/// The line before the first prompt: how to get on.
public enum Greeting {
  public static func text(_ interpreter: Interpreter) -> String {
    let line = Phrase(
      "brood \(Version.number): `help` lists the commands, `lesson` teaches them, Ctrl-D leaves",
      "brood \(Version.number)：输入 `help` 查看命令，输入 `lesson` 开始学习，按 Ctrl-D 退出"
    ).text(interpreter.session.textLanguage(interpreter))
    return TextLayout(for: interpreter, isReport: true).paragraph(line)
  }
}
