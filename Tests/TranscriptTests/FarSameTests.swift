import Foundation
import TestSupport
import Testing

/// A script is the same wherever its pool works, but for the line that makes it.
@Suite(.enabled(if: Cluster.hasHosts, "there is no sshd (scripts/setup --tests=cluster)"))
struct FarSameTests {
  /// What is written behind the line that makes the pool `p`.
  private static let body = #"""
    fn slow-square(x) { sleep 2ms; $x * $x }
    let offset = 1000
    print (pool map slow-square 1..50)
    print (pool map { |x| $x + $offset } 1..20 --chunk 3)
    print (pool apply { |a, b| "$a and $b" } "ä → b" [x: 1])
    print (pool map { |x| [n: $x, t: (pow 2 $x), s: (pad-left $x 3 "0")] } 1..5)
    for x in (pool imap { |x| $x // 2 } 1..5) { print $x }
    print (len (pool map { |x| pad-left "" 200000 "x" } 1..3))
    let f = pool submit { 6 * 7 }
    print (pool result $f)
    try { pool map { |x| if $x == 3 { throw "no $x" }; $x } 1..5 } catch e { print $e.kind $e.message $e.results }
    try { pool map { sleep 10s } 1..2 --timeout 200ms } catch e { print $e.kind }
    try { pool map { |x| if $x == 2 { kill -9 $pid }; $x } 1..3 --retries 0 } catch e { print $e.kind }
    print (pool map { |x| (sh -c 'echo "out $1"; echo "err $1" >&2; exit 3' sh $x); 1 } 1..1 --records)[0].ok
    let r = pool map { |x| print "out $x"; $x } 1..3 --records
    print (map $r { |t| [$t.index, $t.output, $t.value, $t.ok] })
    let marks = "tries-${$env.MARKS}"
    print (pool map { |x| if not (exists "$marks-$x") { write "$marks-$x" ""; throw "again" }; $x } 1..3 --retries 2)
    print (pool map { |x| $env.HOME != "" } 1..1)
    config random.seed 7
    print (pool map { |x| [$x, (random 1000000)] } 1..5)
    pool close p
    print done
    """#

  private func compare(_ slurm: Bool, _ lines: [(name: String, line: String)]) throws -> Output {
    var commands = "cat > body <<'END'\n\(Self.body)\nEND\n"
    for (name, line) in lines {
      commands += """
        { echo '\(line)'; cat body; } > \(name).brood
        MARKS=\(name) "$BROOD" \(name).brood > \(name).out 2> \(name).err
        echo "\(name) $?"
        cmp \(lines[0].name).out \(name).out

        """
    }
    commands += "cat *.err >&2; wc -l < \(lines[0].name).out; tail -1 \(lines[0].name).out\n"
    return try Cluster.run(hosts: 2, slurm: slurm, commands, within: .seconds(180))
  }

  @Test func overSsh() throws {
    let output = try compare(
      false,
      [("here", "pool new p 2"), ("ssh", "pool new p --env MARKS --via ssh:1/node1,1/node2")])
    let lines = output.standardOutput.split(separator: "\n")
    #expect(
      lines.first == "here 0" && lines.dropFirst().first == "ssh 0", "\(output.standardError)")
    #expect(lines.last == "done" && lines.count == 4, "\(output.standardOutput)")
  }

  @Test(.enabled(if: Cluster.hasSlurm, "there is no Slurm (scripts/setup --tests=cluster)"))
  func onSlurm() throws {
    let output = try compare(
      true, [("here", "pool new p 2"), ("slurm", "pool new p --env MARKS --slurm --nodes 2")])
    let lines = output.standardOutput.split(separator: "\n")
    #expect(
      lines.first == "here 0" && lines.dropFirst().first == "slurm 0", "\(output.standardError)")
    #expect(lines.last == "done" && lines.count == 4, "\(output.standardOutput)")
  }

  /// The session may use one CPU alone; its tasks all of their node's.
  @Test(
    .enabled(if: Cluster.hasSlurm, "there is no Slurm (scripts/setup --tests=cluster)"),
    arguments: ["--via ssh:1/node1", "--slurm --allocate [-w, node1, -n, 2]"])
  func aTaskHasTheCPUsOfItsNode(_ place: String) throws {
    let output = try Cluster.run(
      hosts: 1, slurm: true,
      """
      nproc() { taskset -c 0 "$BROOD" -c "$1"; }
      ssh node1 nproc
      nproc 'pool new p 1
      print (pool map { int (^nproc) } 1..1)[0]'
      nproc 'pool new p \(place)
      print (pool map { int (^nproc) } 1..1)[0]'
      """, within: .seconds(180))
    let lines = output.standardOutput.split(separator: "\n")
    #expect(lines.count == 3 && lines[1] == "1" && lines[2] == lines[0], "\(output)")
  }
}
