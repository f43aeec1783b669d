local start = os.clock()
local i, total = 0, 0
while i < 1000000 do
  i = i + 1
  total = total + i % 7
end
assert(total == 2999998)
print(os.clock() - start)
