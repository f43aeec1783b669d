local start = os.clock()
local parts = {}
for i = 0, 199999 do parts[#parts + 1] = "item " .. i end
local text = table.concat(parts, ",")
assert(#text == 2288889)
print(os.clock() - start)
