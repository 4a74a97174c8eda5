-- list_clusters: ARGV: prefix, after ('' = from the first), limit. Returns as list_tasks.lua, with
-- names of clusters.

local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
local answer = {complete_run(), '1'}
local page = redis.call('ZRANGEBYLEX', prefix .. ':clusters', from, '+', 'LIMIT', 0, ARGV[3] + 1)

for _, name in ipairs(page) do
    answer[#answer + 1] = name
end
return answer
