extension StuckTests {
  static let cases: [StuckCase] = [
    StuckCase(
      name: "two locks crossed",
      script: """
        lock new a; lock new b; barrier new met 2
        let p = fork --name p { lock acquire a; barrier wait met; lock acquire b }
        let q = fork --name q { lock acquire b; barrier wait met; lock acquire a }
        wait $p $q
        """,
      wanted: [
        "\nstuck: p and q wait for each other", "wants lock b, held by q (",
        "script.brood:2: lock acquire b",
        "wants lock a, held by p (", "script.brood:3: lock acquire a", "waits for p (",
        "script.brood:4: wait p q", "to go on: kill ", "lock b is free then, and p goes on",
        "in the text: take both locks in the same order everywhere",
      ]),
    StuckCase(
      name: "three locks in a ring",
      script: """
        lock new a; lock new b; lock new c; barrier new met 3
        let one = fork --name one { lock acquire a; barrier wait met; lock acquire b }
        let two = fork --name two { lock acquire b; barrier wait met; lock acquire c }
        let three = fork --name three { lock acquire c; barrier wait met; lock acquire a }
        wait $one $two $three
        """,
      wanted: [
        "\nstuck: a ring of 3: one → lock b → two → lock c → three → lock a → one",
        "script.brood:2: lock acquire b", "script.brood:3: lock acquire c",
        "script.brood:4: lock acquire a",
      ]),
    StuckCase(
      name: "both write to full pipes",
      script: """
        let p = pipe new --raw; let q = pipe new --raw
        let big = pad-right "" 100000 x
        let c = fork --name child { pipe close $p.w; pipe close $q.r; pipe write $q.w $big; len (pipe read $p.r --bytes 100000) }
        pipe close $p.r; pipe close $q.w
        pipe write $p.w $big
        """,
      wanted: [
        "\nstuck: brood and child wait for each other", "which is full",
        "script.brood:3: pipe send",
        "script.brood:5: pipe send",
      ]),
    StuckCase(
      name: "a reader that has the only end to write to",
      script: """
        let p = pipe new --raw
        pipe read $p.r --line
        """,
      wanted: ["\nstuck: brood waits for itself", "only itself by descriptor", "script.brood:2"]),
    StuckCase(
      name: "a lock and a wait",
      script: """
        lock new a
        lock acquire a
        let child = fork --name child { lock acquire a }
        wait $child
        """,
      wanted: [
        "\nstuck: brood and child wait for each other", "script.brood:3: lock acquire a",
        "script.brood:4: wait child",
      ]),
    StuckCase(
      name: "a permit and a queue",
      script: """
        sem new s 1; queue new jobs; event new taken
        let p = fork --name p { sem acquire s; event set taken; queue get jobs }
        let q = fork --name q { event wait taken; sem acquire s; queue put jobs 1 }
        wait $p $q
        """,
      wanted: [
        "\nstuck: ", "waits for a value of queue jobs", "wants a permit of sem s, held by p (",
        "script.brood:2: queue get jobs", "script.brood:3: sem acquire s",
      ]),
    StuckCase(
      name: "a barrier and an event",
      script: """
        barrier new met 3; event new go
        let a = fork --name anna { barrier wait met }
        let c = fork --name carl { barrier wait met }
        let d = fork --name dora { event wait go; barrier wait met }
        wait $a $c $d
        """,
      wanted: [
        "\nstuck: ", "waits at barrier met, which lacks 1 more",
        "waits for event go, which is not set",
        "script.brood:4: event wait go", "script.brood:5: wait anna carl dora",
      ]),
    StuckCase(
      name: "a holder that is stopped long after the last wait began",
      script: """
        lock new m; event new got
        let holder = fork --name holder { lock acquire m; event set got; sleep 1h }
        event wait got
        let p = fork --name p { lock acquire m }
        sleep 1500ms
        stop $holder
        wait $p
        """,
      wanted: [
        "\nstuck until a stopped process is continued: holder is stopped",
        "wants lock m, held by holder", "to go on: kill -CONT",
      ]),
    StuckCase(
      name: "a wait for a stopped child",
      script: """
        let c = fork --name frozen { sleep 1h }
        stop $c
        kill -TERM $c
        wait $c
        """,
      wanted: [
        "\nstuck until a stopped process is continued: frozen is stopped, and brood waits for it",
        "TERM is pending", "to go on: kill -CONT",
      ]),
    StuckCase(
      name: "a handler that could release",
      script: """
        lock new a
        lock acquire a
        signal on USR1 { lock release a }
        let child = fork --name child { lock acquire a }
        wait $child
        """,
      wanted: ["\nstuck unless a signal comes: brood and child wait for each other"]),
    StuckCase(
      name: "a program and a block",
      script: """
        let p = pipe new --raw; let q = pipe new --raw
        let c = spawn --name copier cat < $p.r > $q.w
        pipe close $p.r; pipe close $q.w
        print (pipe read $q.r --line)
        """,
      wanted: [
        "\nprobably stuck: brood and copier wait for each other", "reads its standard input",
        "script.brood:4",
      ]),
    StuckCase(
      name: "the session's process computes, two others are stuck",
      script: """
        lock new a; lock new b; barrier new met 2
        let p = fork --name p { lock acquire a; barrier wait met; lock acquire b }
        let q = fork --name q { lock acquire b; barrier wait met; lock acquire a }
        while true { }
        """,
      wanted: ["\nstuck: p and q wait for each other", "script.brood:2: lock acquire b"]),
  ]

  /// Several things that are waited for at once, pools, and what was before.
  static let further: [StuckCase] = [
    StuckCase(
      name: "select on both sides",
      script: """
        queue new q; queue new r
        let a = fork --name anna { select { queue q { |v| queue put r $v } } }
        let b = fork --name bert { select { queue r { |v| queue put q $v } } }
        wait $a $b
        """,
      wanted: [
        "\nstuck: ", "waits for a value of queue q, which is 0 items, open",
        "script.brood:2: select queue q", "script.brood:3: select queue r",
        "script.brood:4: wait anna bert",
      ]),
    StuckCase(
      name: "select for a queue, an event or a pipe",
      script: """
        queue new q; event new go; pipe new p; lock new m; event new held
        let a = fork --name anna { lock acquire m; event set held; select { queue q { |v| 1 }; event go { 2 }; pipe p { |v| 3 } } }
        let b = fork --name bert { event wait held; lock acquire m; event set go }
        wait $a $b
        """,
      wanted: [
        "\nstuck: ", "waits for a value of queue q, for event go or for a value of pipe p",
        "script.brood:2: select queue q event go pipe p",
        "wants lock m, held by anna", "script.brood:3: lock acquire m",
      ]),
    StuckCase(
      name: "select for an end and a future",
      script: """
        lock new m; pool new w 1
        lock acquire m
        let f = pool submit { lock acquire m }
        let c = fork --name child { lock acquire m }
        select { exit $c { |r| 1 }; future $f { |v| 2 } }
        """,
      wanted: [
        "\nstuck: ", "waits for child (", " to end or for a result of pool w",
        "script.brood:5: select child",
        "wants lock m, held by brood (",
      ]),
    StuckCase(
      name: "a task wants what the pool's owner holds",
      script: """
        lock new m; pool new w 2
        lock acquire m
        pool map [1] { |x| lock acquire m }
        """,
      wanted: [
        "\nstuck: brood and w.", "waits for a result of pool w; who works on it: w.",
        "script.brood:3: pool map", "wants lock m, held by brood (",
        "script.brood:3: lock acquire m",
        "its task ends then, and brood goes on",
      ]),
    StuckCase(
      name: "a full pool waits for itself",
      script: """
        event new go; pool new w 1
        pool map [1, 2] { |x| if $x == 1 { event wait go } else { event set go } }
        """,
      wanted: [
        "\nstuck: brood and w.1 wait for each other", "waits for event go, which is not set",
        "who works on it: w.1 (", "in the text: let no task wait for what only its pool's owner",
      ]),
    StuckCase(
      name: "a task submits to its own pool and waits, over a queue",
      script: """
        queue new ask; queue new answer; pool new w 1
        let first = pool submit { queue put ask 1; queue get answer }
        let one = (queue get ask)
        let second = pool submit { |x| $x + 1 } $one
        queue put answer (pool result $second)
        """,
      wanted: [
        "\nstuck: brood and w.1 wait for each other", "waits for a value of queue answer",
        "script.brood:5: ", "script.brood:2: queue get answer",
      ]),
    StuckCase(
      name: "a paused pool",
      script: """
        pool new w 1
        pool pause w
        pool map [1] { |x| $x }
        """,
      wanted: ["\nstuck: brood waits, and no process is left", "waits for a result of pool w"]),
    StuckCase(
      name: "a condition that was notified too early",
      script: """
        cond new c; event new go
        let n = fork --name notifier { cond with c { cond notify c } }
        wait $n
        let w = fork --name waiter { cond with c { cond wait c }; event set go }
        let o = fork --name other { event wait go; cond with c { cond notify c } }
        wait $w $o
        """,
      wanted: [
        "\nstuck: ", "waits for a notification of cond c", "script.brood:4: cond wait c",
        "cond c was notified once when no process waited, the last time by notifier (",
        "ago: a notification is not kept",
      ]),
    StuckCase(
      name: "an event that was set and cleared before",
      script: """
        event new go; barrier new met 2
        let e = fork --name early { event set go; event clear go }
        wait $e
        let w = fork --name waiter { event wait go; barrier wait met }
        let o = fork --name other { barrier wait met }
        wait $w $o
        """,
      wanted: [
        "\nstuck: ", "event go was set once before, the last time by early (",
        "and was cleared by early (",
      ]),
    StuckCase(
      name: "a condition and a barrier",
      script: """
        cond new c; barrier new met 2
        let p = fork --name p { cond with c { cond wait c }; barrier wait met }
        let q = fork --name q { barrier wait met; cond with c { cond notify c } }
        wait $p $q
        """,
      wanted: [
        "\nstuck: ", "waits for a notification of cond c",
        "waits at barrier met, which lacks 1 more",
      ]),
    StuckCase(
      name: "one that could have acted dies long after the last wait began",
      script: """
        lock new a; event new go; event new held
        let q = fork --name q { lock acquire a; event set held; event wait go }
        event wait held
        let p = fork --name p { lock acquire a }
        let h = fork --name helper { sleep 2s; exit 0; event set go }
        wait $p
        """,
      wanted: [
        "\nstuck: ", "wants lock a, held by q (", "waits for event go, which is not set",
        "script.brood:2: event wait go", "script.brood:6: wait p",
      ]),
    StuckCase(
      name: "a handler that is taken off in the middle of the wait",
      script: """
        lock new a
        lock acquire a
        signal on USR1 { signal default USR1 }
        let child = fork --name child { lock acquire a }
        let own = $pid
        fork --daemon { sleep 3s; kill -USR1 $own; sleep 1h }
        wait $child
        """,
      wanted: [
        "\nstuck unless a signal comes: brood and child",
        "\nstuck: brood and child wait for each other",
      ]),
    StuckCase(
      name: "locks of files, of two programs",
      script: """
        let text = "import fcntl,sys,time\nf=[open(n,'w') for n in sys.argv[1:]]\nfcntl.flock(f[0],2)\ntime.sleep(0.3)\nfcntl.flock(f[1],2)"
        let a = spawn --name one python3 -c $text x.lock y.lock
        let b = spawn --name two python3 -c $text y.lock x.lock
        wait $a $b
        """,
      wanted: [
        "\nprobably stuck: one and two wait for each other", "wants a lock of ", "x.lock", "y.lock",
      ]),
  ]
}
