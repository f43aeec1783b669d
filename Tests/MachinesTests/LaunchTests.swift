import Testing

@testable import Machines

/// Where agents are started, and with which words.
@Suite struct LaunchTests {
  @Test func hostsAreRead() throws {
    let list = try HostList("4/node1,node2,2/alice@node3:2222,[::1]:22,::1")
    #expect(
      list.places == [
        HostPlace("node1", workers: 4), HostPlace("node2"),
        HostPlace("node3", workers: 2, user: "alice", port: 2222), HostPlace("::1", port: 22),
        HostPlace("::1"),
      ])
    #expect(list.places.map(\.name) == ["node1", "node2", "alice@node3:2222", "[::1]:22", "::1"])
  }

  @Test(arguments: [
    "", "a,", "0/a", "x/a", "4/", "a:0", "a:x", "a:99999", "-oProxyCommand=x", "-l@a", "a b",
    "4/-a", "x@-a", "@a", "a,a", "[::1]x", "a\nb",
  ]) func whatIsNoHostIsRefused(_ text: String) {
    #expect(throws: HostList.Wrong.self) { try HostList(text) }
  }

  @Test func sshGetsTheHostBehindTheOptions() {
    let words = LaunchLine.ssh(
      HostPlace("node", user: "bob", port: 2222), command: "echo")
    #expect(words.first == "ssh")
    #expect(words.suffix(7) == ["-p", "2222", "-l", "bob", "--", "node", "sh -c 'echo'"])
    #expect(words.contains("BatchMode=yes") && words.contains("ControlPath=none"))
  }

  @Test func theLineForTheShellHasNoSingleQuote() {
    for installs in [true, false] {
      let line = LaunchLine.agent(key: "0.6.0-abc", hash: "00", wire: 1, installs: installs)
      #expect(!line.contains("'") && !line.contains("\n"))
      // Without what was installed for this very program any that speaks the same is taken.
      #expect(line.contains("/.cache/brood/*/brood") == !installs)
      #expect(line.contains("/.cache/brood/0.6.0-abc") == installs)
    }
  }
}

/// Lists of hosts as Slurm writes them.
@Suite struct HostExpressionTests {
  @Test func theyAreExpanded() {
    #expect(HostExpression.hosts("node1") == ["node1"])
    #expect(HostExpression.hosts("a,b") == ["a", "b"])
    #expect(HostExpression.hosts("n[1-3,7],x") == ["n1", "n2", "n3", "n7", "x"])
    #expect(HostExpression.hosts("n[08-10]") == ["n08", "n09", "n10"])
    #expect(HostExpression.hosts("r[1-2]n[1-2]") == ["r1n1", "r1n2", "r2n1", "r2n2"])
  }

  @Test(arguments: ["", "a,", "n[1-", "n]", "n[a]", "n[3-1]", "n[1-2-3]", "n[]", "n[1-99999999]"])
  func whatIsNoneIsRefused(_ text: String) { #expect(HostExpression.hosts(text) == nil) }
}
