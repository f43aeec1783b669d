/// The fields of the records that commands yield, for help.
enum RecordFields {
  /// Those of a command's or topic's records, with what they mean.
  static func of(_ name: String) -> [(String, String)] {
    (names[name] ?? "").split(separator: " ").map { field in
      let field = String(field)
      return (field, own["\(name) \(field)"] ?? meanings[field] ?? "")
    }
  }

  private static let ending = "pid name exit signal ok elapsed cpu maxrss value"
  private static let task =
    "index key item pid host attempts start elapsed cpu maxrss exit signal timed_out ok output error"
  private static let queue =
    "name size max bytes max_bytes closed leased puts gets memory getting putting"
  private static let pipe = "name form open sent received receiving sending"
  private static let shared = "name type count bytes value holder waiting"
  private static let lock = "name holder pid reentrant waiting"
  private static let semaphore = "name value permits counter holders waiting"
  private static let pool = "name size state busy waiting done failed deaths"
  private static let socket = "name state address port peer pid fd"

  /// By the command.
  private static let names: [String: String] = [
    "wait": ending + " all", "status": ending + " all",
    "fork": "pid name state word", "spawn": "pid name state word",
    "ps": "name pid ppid state flags word nice age waits command",
    "jobs": "id pid state name command",
    "top": "name pid state waits since holds queue cpu memory",
    "info": "name pid ppid state flags word nice age waits command id daemon detached group "
      + "session threads cpu ready memory shared private guarded directory program peak user switches preempted pending "
      + "blocked ignored caught children descriptors",
    "process info": "name pid alive daemon state word exitcode exit signal value",
    "signal list": "number name action default blocked pending meaning",
    "kill": "number name key default meaning",
    "queue info": queue, "queue list": queue, "pipe info": pipe, "pipe list": pipe,
    "shm info": shared, "shm list": shared, "lock info": lock, "lock list": lock,
    "sem info": semaphore, "sem list": semaphore,
    "event list": "name set waiting", "barrier list": "name parties arrived broken",
    "cond list": "name holder waiting", "socket info": socket, "socket list": socket,
    "pool info": pool + " workers", "pool list": pool,
    "pool submit": "done ok value error",
    "pool run": task, "pool map": task + " value failure", "pool imap": task + " value failure",
    "pool starmap": task + " value failure",
    "why": "pid name state verdict waits since on wakers chain text fix",
    "who": "name pid fd does count since waits",
    "deadlock": "set cycle edges verdict fix text",
    "config": "key value meaning", "try": "kind message help span trace",
  ]

  /// What a field of that name means everywhere.
  private static let meanings: [String: String] = [
    "pid": "the number of the process", "name": "its name", "ppid": "its parent's number",
    "state": "its state in a letter, as help state tells", "word": "its state in a word",
    "flags": "as ps(1) has them: s leads a session, + is in the foreground, < and N by priority",
    "nice": "its priority", "age": "since its start", "waits": "what it waits for",
    "command": "what it runs", "id": "its number among the jobs",
    "exit": "its exit status; null if a signal ended it, or it has not ended",
    "signal": "the signal that ended it, or null", "ok": "whether it succeeded",
    "elapsed": "how long it took", "cpu": "how long it computed",
    "maxrss": "the most memory it had",
    "value": "what its block returned", "all": "of a pipeline: the records of all its members",
    "daemon": "whether it ends with the session", "detached": "whether it outlives the session",
    "group": "its process group", "session": "its session, as setsid(2) makes one",
    "threads": "how many threads it has", "ready": "how long it waited for a CPU",
    "memory": "how much memory it has", "shared": "what of that other processes have, too",
    "private": "what of that it alone has",
    "guarded": "whether it is ended when the session is killed",
    "directory": "its working directory",
    "program": "the file of its program", "peak": "the most memory it had",
    "user": "the number of its user", "switches": "how often it gave up its CPU to wait",
    "preempted": "how often its CPU was taken from it", "pending": "signals that wait for it",
    "blocked": "signals that it keeps waiting", "ignored": "signals that it ignores",
    "caught": "signals that it handles", "children": "the numbers of its children",
    "descriptors": "its open files", "alive": "whether it was started and has not ended",
    "exitcode": "its exit status, -N if signal N ended it", "number": "the signal's number",
    "action": "what this process does at it", "default": "what it does of itself",
    "meaning": "what it is for", "size": "how many there are now",
    "max": "how many it holds, or null", "bytes": "how many bytes that is",
    "max_bytes": "how many bytes it holds, or null", "closed": "whether nothing more goes in",
    "leased": "how many are given out by leases", "puts": "how many were put in",
    "gets": "how many were taken out", "getting": "processes that wait to take one",
    "putting": "processes that wait for room", "form": "duplex, simplex or raw",
    "open": "the ends that this process has open", "sent": "how many values were sent",
    "received": "how many values were received",
    "receiving": "processes that wait for a value", "sending": "processes that wait for room",
    "type": "the type of an element", "count": "how many elements it has",
    "holder": "the process that holds its lock, or null", "waiting": "processes that wait for it",
    "reentrant": "whether its holder may take it again", "permits": "how many it began with",
    "counter": "whether any process may release one", "holders": "processes that hold a permit",
    "set": "whether it is set", "parties": "how many it waits for",
    "arrived": "processes that have come", "broken": "whether a party did not come",
    "address": "where it listens or is connected", "port": "the port of that, or null",
    "peer": "the address of the other side, or null", "fd": "its descriptor",
    "busy": "how many workers have a task", "done": "how many tasks are finished",
    "failed": "how many tasks failed", "deaths": "how many workers died",
    "workers": "a record for each worker: name, pid, state, task, age, done, memory",
    "index": "the task's place among the inputs", "key": "what a journal knows the task by",
    "item": "the input", "host": "the machine", "attempts": "how often it was begun",
    "start": "when its last attempt began", "timed_out": "whether it took too long",
    "output": "what it wrote to standard output",
    "error": "what it wrote to standard error, or why it could not be started",
    "failure": "the error that it threw, or null", "kind": "a word, which `catch NAME: KIND` tests",
    "message": "what went wrong", "help": "what to do about it, or null",
    "verdict": "stuck and its grades, waiting, busy, ready, ended or unknown",
    "since": "for how long, or null", "on": "the names of what it waits for",
    "wakers": "the numbers of those that could bring that about",
    "chain": "who waits for whom, from it on", "text": "the report",
    "fix": "what to type, or null", "does": "words such as holds, waits, reads, writes",
    "cycle": "a shortest ring of those that wait for each other",
    "edges": "records: pid waits on a thing that waker could bring about",
    "span": "where: file, line, column, text", "trace": "the calls that led there",
  ]

  /// What it means for one command alone.
  private static let own: [String: String] = [
    "why waits": "what it waits for, in few words", "who fd": "its descriptor, or null",
    "deadlock set": "the numbers of all who cannot go on",
    "kill key": "the key that sends it, or null", "pool list name": "its name",
    "pool info size": "how many workers it has",
    "pool list size": "how many workers it has", "pool info state": "open, paused or closed",
    "pool list state": "open, paused or closed",
    "pool info waiting": "how many tasks no worker has begun",
    "pool list waiting": "how many tasks no worker has begun",
    "pool submit done": "whether its task is finished",
    "pool submit value": "what its function returned, or null",
    "pool submit error": "the error that it threw, or null",
    "pool map value": "what its function returned", "pool imap value": "what its function returned",
    "pool starmap value": "what its function returned",
    "pool map error": "what it wrote to standard error",
    "pool imap error": "what it wrote to standard error",
    "pool starmap error": "what it wrote to standard error",
    "pool map pid": "the number of its worker", "pool imap pid": "the number of its worker",
    "pool starmap pid": "the number of its worker",
    "queue info memory": "how much memory it takes",
    "queue list memory": "how much memory it takes",
    "shm info value": "what it holds", "shm list value": "what it holds",
    "sem info value": "how many permits can be taken now",
    "sem list value": "how many permits can be taken now",
    "lock info pid": "the number of its holder, or null",
    "lock list pid": "the number of its holder, or null",
    "socket info pid": "the number of the process at the other side, or null",
    "socket list pid": "the number of the process at the other side, or null",
    "socket info state": "listening, connected, ended or closed",
    "socket list state": "listening, connected, ended or closed",
    "cond list holder": "the process that holds its lock, or null",
    "cond list waiting": "how many wait to be told",
    "config key": "its name", "config value": "what it is now", "config meaning": "what it is for",
    "wait elapsed": "from its start to its reaping",
    "jobs id": "its number, as in fg 1", "jobs state": "what it does",
    "signal list name": "the signal's name", "kill name": "the signal's name",
    "signal list blocked": "whether this process keeps it waiting",
    "signal list pending": "whether it waits for this process",
  ]
}
