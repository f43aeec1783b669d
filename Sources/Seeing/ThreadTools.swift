/// Programs that show what each thread of a process does, which the kernel's files do not.
enum ThreadTools {
  /// The line to type for a process.
  static func line(for name: String, _ pid: Int32) -> String {
    let python = ["python", "pypy", "gunicorn", "celery", "uwsgi", "ipython", "jupyter"]
    if python.contains(where: name.hasPrefix) { return "py-spy dump --pid \(pid)" }
    if name == "java" { return "jstack \(pid)" }
    return "eu-stack -p \(pid), or gdb -p \(pid) --batch -ex 'thread apply all bt'"
  }
}
