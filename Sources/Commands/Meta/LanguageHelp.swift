/// `help language`: one screen.
let languageHelp = """
  let n = 5                  a constant          # a comment
  var total = 0              a variable          total += $n * 2
  print "n is $n, ${$n * 2}" text; 'raw' has no $; words need no quotes: print hello

  [1, 2, 3]  $xs[0]  $xs[-1]  $xs[1..3]          lists    xs += [4]   ...$xs spreads
  [a: 1, b: 2]  $m.a  $m.c ?? "none"             maps     m.key = 3   [:] is empty
  250ms  2s  64KiB  1..5  0x1f  true  null       durations, sizes, ranges

  fn greet(name, greeting = "hello", ...rest) { print $greeting $name }
  greet you                  a command: words, then --flags
  let q = (len $xs) + 1      ( … ) yields the value of a command or expression
  [3, 1] |> sort |> print    passes a value on as the first argument
  { |x| $x * 2 }             a block with a parameter; $greet is a function as a value

  if $n > 3 { … } else { … }       while $n < 9 { … }       for x in $xs { … }
  for i, x in $xs { … }            break   continue   return   and or not in ..
  try { … } catch e: timeout, closed { print $e.message } finally { … }
  throw "no luck"

  ls *.txt | sort > out.txt  programs, connected by pipes; < >> 2> 2>&1 &> redirect
  exec sort < $p.r           to the end of a raw pipe, or a connection, as well as to a file
  let text = (^date)         a program's output; ^ forces the program
  ok grep -q x file          true or false; status CMD gives the whole record
  sleep 10 &                 in the background; a && b, a || b
  env.NAME = "x"   $env.PATH   $args   $pid   $ppid   $last   $status

  let p = fork { 6 * 7 }     a real process with a copy of the variables
  print (wait $p).value      42
  """
