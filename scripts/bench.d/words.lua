local words = {}
for word in ("the quick brown fox jumps over the lazy dog and the cat"):gmatch("%a+") do
  words[#words + 1] = word
end
local start = os.clock()
local counts = {}
for _ = 1, 20000 do
  for _, word in ipairs(words) do counts[word] = (counts[word] or 0) + 1 end
end
assert(counts.the == 60000)
print(os.clock() - start)
