import Foundation
import TestSupport
import Testing

/// Files that go to other machines and come back.
@Suite(.enabled(if: Cluster.hasHosts, "there is no sshd (scripts/setup --tests=cluster)"))
struct FarFileTests {
  /// The hosts' directory `there` is not the one here, which has a file for each of three tasks.
  private static let setUp = """
    mkdir -p here/in there
    cd here
    for i in 1 2 3; do head -c "${i}00000" /dev/urandom > "in/f $i"; done
    chmod 750 'in/f 1'
    echo conf > conf
    cd ..

    """

  @Test func filesGoThereAndComeBack() throws {
    let output = try Cluster.run(
      hosts: 1,
      Self.setUp + """
        cd here
        "$BROOD" run --via ssh:2/node1 --cwd "$CLUSTER/there" --send conf --send {} --fetch {}.sum -- \\
          sh -c 'cat conf > "$1.sum"; stat -c %a "$1" >> "$1.sum"; sha256sum < "$1" >> "$1.sum"' sh {} \\
          ::: 'in/f 1' 'in/f 2' 'in/f 3'
        echo "status $?"
        for i in 1 2 3; do
          { cat conf; stat -c %a "in/f $i"; sha256sum < "in/f $i"; } | cmp - "in/f $i.sum" && echo same
        done
        cd ../there
        find . | sort
        """)
    #expect(
      output.standardOutput == """
        status 0
        same
        same
        same
        .
        ./conf
        ./in
        ./in/f 1.sum
        ./in/f 2.sum
        ./in/f 3.sum

        """, "\(output.standardError)")
  }

  @Test func whatIsThereStaysThere() throws {
    let output = try Cluster.run(
      hosts: 1,
      Self.setUp + """
        cd here
        # The same file system: what was sent is what is there.
        "$BROOD" run --via ssh:2/node1 --send {} -- wc -c {} ::: 'in/f 1'
        ls in
        # Another file of that name is not replaced, and not removed.
        mkdir ../there/in
        echo other > '../there/in/f 1'
        "$BROOD" run --via ssh:2/node1 --cwd "$CLUSTER/there" --send {} -- true ::: 'in/f 1'
        cat '../there/in/f 1'
        # What all tasks need is.
        echo new > conf
        echo old > ../there/conf
        "$BROOD" run --via ssh:2/node1 --cwd "$CLUSTER/there" --send conf -- sh -c 'cat conf' ::: 1
        """)
    #expect(
      output.standardOutput == """
        100000 in/f 1
        f 1
        f 2
        f 3
        other
        new

        """, "\(output.standardError)")
    #expect(output.standardError.contains("another file 'in/f 1' is there"))
  }

  /// All files of a directory go there: for all tasks, and for one, whose directories go with it.
  @Test func directoriesGoThere() throws {
    let output = try Cluster.run(
      hosts: 1,
      Self.setUp + """
        cd here
        mkdir -p tree/a/b many/x many/y
        echo one > tree/a/one
        echo two > tree/a/b/two
        ln -s one tree/a/link
        for i in $(seq 100); do echo $i > many/x/$i; done
        "$BROOD" run --via ssh:2/node1 --cwd "$CLUSTER/there" --send tree --send {} -- \\
          sh -c 'cat tree/a/one tree/a/b/two tree/a/link; ls "$1" | wc -l; cat "$1"/* | wc -l' sh {} ::: many/x in
        echo "status $?"
        cd ../there
        # The agent may still be at it when the session has ended.
        for i in $(seq 200); do [ -e many ] || [ -e in ] || break; sleep 0.05; done
        find . | sort
        """)
    #expect(
      output.standardOutput.hasPrefix("one\ntwo\none\n100\n100\none\ntwo\none\n3\n"),
      "\(output.standardOutput)\(output.standardError)")
    #expect(
      output.standardOutput.hasSuffix(
        "status 0\n.\n./tree\n./tree/a\n./tree/a/b\n./tree/a/b/two\n./tree/a/link\n./tree/a/one\n"),
      "\(output.standardOutput)")
  }

  @Test func whatCannotBeHadIsAFailureOfItsTask() throws {
    let output = try Cluster.run(
      hosts: 1,
      Self.setUp + """
        cd here
        "$BROOD" run --via ssh:2/node1 --send {} -- true ::: 'in/f 1' nosuch
        echo "$?"
        "$BROOD" run --via ssh:2/node1 --fetch {}.made -- true ::: 'in/f 1'
        echo "$?"
        ln -s . in/loop
        "$BROOD" run --via ssh:2/node1 --send in -- true ::: 1
        echo "$?"
        "$BROOD" run --via ssh:2/node1 --send {name} -- true ::: 1
        echo "$?"
        "$BROOD" -c 'pool new far --via ssh:1/node1 --send {}'
        echo "$?"
        """)
    #expect(output.standardOutput == "1\n1\n1\n1\n1\n")
    let lines = output.standardError
    #expect(lines.contains("1 of 2 programs failed: nosuch: cannot send 'nosuch': No such file"))
    #expect(lines.contains("cannot fetch 'in/f 1.made': No such file or directory (on node1)"))
    #expect(lines.contains("cannot send 'in/loop': it is a link to a directory"))
    #expect(lines.contains("'{}' has a place for the input of a program"))
  }

  /// The link to a host is cut while files go there: the other host does its tasks, whole.
  @Test(.enabled(if: Cluster.hasNetworks, "needs network namespaces"))
  func aHostIsLostWhileFilesAreOnTheirWay() throws {
    let output = try Cluster.run(
      hosts: 2,
      """
      export BROOD_TEST_FAR_SPEED=10
      mkdir there
      for i in 1 2 3 4; do head -c 600000 /dev/urandom > "f$i"; done
      "$BROOD" run --via ssh:2/node1,2/node2 --cwd "$CLUSTER/there" --send {} --fetch {}.copy -- \\
        cp {} {}.copy ::: f1 f2 f3 f4 &
      run=$!
      until ls -A there | grep -q brood || ! kill -0 "$run"; do sleep 0.02; done
      ip link set node1 down
      wait "$run"
      echo "status $?"
      for i in 1 2 3 4; do cmp "f$i" "f$i.copy" && echo same; done
      ls -A | grep -c '^\\.brood'
      """)
    #expect(
      output.standardOutput == "status 0\nsame\nsame\nsame\nsame\n0\n", "\(output.standardError)")
  }
}
