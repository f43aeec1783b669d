/// The classics of processes that share something, done right.
///
/// None is ever stuck, though most of their processes stand still at most times. Each runs for about so
/// many seconds as `SECONDS` says.
enum Classics {
  static let all: [StuckCase] = [
    StuckCase(
      name: "philosophers",
      script: """
        let end = (now) + SECONDS; let forks = map 0..4 { |i| lock new "fork$i" }
        let all = map 0..4 { |i|
          let low = min $i (($i + 1) % 5); let high = max $i (($i + 1) % 5)
          fork { while (now) < $end { lock with $forks[$low] { lock with $forks[$high] { sleep 200us } } } }
        }
        wait ...$all
        print done
        """, wanted: []),
    StuckCase(
      name: "readers and writers",
      script: """
        let end = (now) + SECONDS; sem new room 1 --counter; lock new door; shm new readers int; shm new text int
        let rs = map 1..4 { |i| fork { while (now) < $end {
          lock with door { if (shm add readers 1) == 1 { sem acquire room } }
          shm get text
          lock with door { if (shm add readers -1) == 0 { sem release room } }
          sleep 1ms
        } } }
        let ws = map 1..2 { |i| fork { while (now) < $end { sem acquire room; shm add text 1; sem release room; sleep 2ms } } }
        wait ...$rs ...$ws
        print done
        """, wanted: []),
    StuckCase(
      name: "barber",
      script: """
        let end = (now) + SECONDS; queue new chairs 3; event new closed
        let barber = fork { while true { let c = (queue get chairs); if $c == null { break }; sleep 300us } }
        let all = map 1..6 { |i| fork { while (now) < $end { queue put chairs $i; sleep 1ms } } }
        wait ...$all
        queue put chairs null
        wait $barber
        print done
        """, wanted: []),
    StuckCase(
      name: "a bounded buffer with conditions",
      script: """
        let end = (now) + SECONDS; cond new c; shm new n int; shm new over int
        let ps = map 1..3 { |i| fork { while (now) < $end { cond with c { while (shm get n) >= 2 { cond wait c }; shm add n 1; cond notify-all c } } } }
        let cs = map 1..3 { |i| fork { while true { cond with c {
          while (shm get n) == 0 and (shm get over) == 0 { cond wait c }
          if (shm get n) == 0 { break }
          shm add n -1; cond notify-all c } } } }
        wait ...$ps
        cond with c { shm set over 1; cond notify-all c }
        wait ...$cs
        print done
        """, wanted: []),
    StuckCase(
      name: "rounds at a barrier",
      script: """
        let end = (now) + SECONDS; barrier new met 5; shm new go int; shm set go 1
        let all = map 1..5 { |i| fork { while (shm get go) == 1 {
          barrier wait met
          if $i == 1 and (now) >= $end { shm set go 0 }
          barrier wait met
        } } }
        wait ...$all
        print done
        """, wanted: []),
    StuckCase(
      name: "a server that selects",
      script: """
        let end = (now) + SECONDS; event new over
        let asks = map 1..4 { |i| queue new "ask$i" }; let answers = map 1..4 { |i| queue new "answer$i" }
        let server = fork { while true {
          let stop = (select {
            queue $asks { |v, q| queue put $answers[$v] $v; false }
            event over { true }
          })
          if $stop { break }
        } }
        let all = map 0..3 { |i| fork { while (now) < $end { queue put $asks[$i] $i; queue get $answers[$i] } } }
        for p in $all { select { exit $p { |r| null } } }
        event set over
        wait $server
        print done
        """, wanted: []),
    StuckCase(
      name: "a pipeline of pools",
      script: """
        let end = (now) + SECONDS; queue new q 2; pool new one 2; pool new two 2
        while (now) < $end {
          let fs = map 1..6 { |i| pool submit --pool one { |x| queue put q $x; $x } $i }
          let gs = map 1..6 { |i| pool submit --pool two { sleep 1ms; queue get q } }
          if (sum (pool result $fs)) != (sum (pool result $gs)) { throw wrong }
          pool map --pool one 1..20 { |x| $x } |> pool map --pool two { |x| $x * 2 }
        }
        print done
        """, wanted: []),
    StuckCase(
      name: "signals",
      script: """
        let end = (now) + SECONDS; let own = $pid
        signal block USR1 USR2 TERM
        let pong = fork { kill -USR2 $own; while (signal wait USR1 TERM) == "USR1" { kill -USR2 $own } }
        while (now) < $end { signal wait USR2; kill -USR1 $pong }
        signal wait USR2
        kill -TERM $pong
        wait $pong
        print done
        """, wanted: []),
    StuckCase(
      name: "one that is stopped and continued",
      script: """
        let end = (now) + SECONDS; lock new m
        let holder = fork { while (now) < $end { lock with m { sleep 1ms } } }
        let other = fork { while (now) < $end { lock with m { } ; sleep 1ms } }
        let nurse = fork { while (now) < $end { try { stop $holder; sleep 300ms; continue $holder; sleep 50ms } catch e { break } } }
        wait $nurse
        continue $holder
        wait $holder $other
        print done
        """, wanted: []),
  ]

  /// The commands that kill workers at random instants, bounded.
  static let storms = ["queue torture", "queue torture --lease", "lock torture", "sem torture"]
}
