import Language

extension HelpTopic {
  /// A prompt in a session that runs.
  static let attach = HelpTopic(
    "attach", "attach", "A prompt in a session that runs, from another terminal",
    """
    `brood attach PID` in a shell opens a prompt in a session that runs, be it a script or a prompt; \
    `brood sessions` lists them. `brood attach PID -c TEXT` runs one text there.

    The session forks a process for it and goes on. That process knows the session's names, channels \
    and functions and has a copy of the variables, those of the calls under way among them. It is no \
    child of the script's: no `wait`, join or count sees it. It has no ends of pipes and sockets, and \
    counts as one that has left each channel until a command of its own waits there. Processes and \
    pools of the session belong to the session; what is started here is ended when one leaves.
    """,
    Example("print (len (sessions |> filter { |s| $s.pid == (getpid) }))", "0"))

  /// What becomes of the processes of a session.
  static let guardian = HelpTopic(
    "guardian leftovers", "guardian", "What becomes of processes when their session ends",
    """
    At its end a script waits for what fork, spawn, & and process have made, also for orphans of \
    forked blocks. What a program has left behind, as a daemon, is ended: TERM, and KILL after \
    300ms. `config leftovers keep` lets it go on; so does `spawn --detach PROGRAM`. The prompt \
    ends all children, and names them before.

    A session that is killed is cleaned up after by its guardian, a process that ends all that is \
    not detached. It knows them by a mark: their limit of file locks, `ulimit -x`, which Linux does \
    not use. A process that has set that limit itself is known by the session's table, or by its \
    parent. In a session whose user had the limit set before, and from the fourth session within \
    sessions on, nothing has a mark, and orphans of programs are not found.

    Not ended are processes of other users, as through sudo, and what is left when session and \
    guardian are killed together, as when one was stopped. The next session that makes a process \
    tells of these on standard error, once. `(info P).guarded` tells of each process whether the \
    guardian would end it, `info $pid` of the guardian itself.
    """,
    Example("let p = fork { sleep 10 }\nprint (info $p).guarded\nkill $p", "true"),
    Example("^sh -c \"sleep 0.05 &\"\nprint (config leftovers)", "end"))
}
