-- list_host_tasks: ARGV: prefix, cluster, host, after ('' = from the first), limit. Returns as list_tasks the ids of those tasks
-- that are listed as running and that the host has open.

local cluster, host, after, limit = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local answer = {complete_run(), cluster_known(cluster)}
local ids = {}

for _, name in ipairs(redis.call('SMEMBERS', open_key(host))) do
    if string.sub(name, 1, #cluster + 1) == cluster .. '/' then
        local id = string.sub(name, #cluster + 2)
        if id > after and redis.call('ZSCORE', cluster_key(cluster, 'running'), id) then
            ids[#ids + 1] = id
        end
    end
end
table.sort(ids)
for i = 1, math.min(#ids, limit + 1) do
    answer[#answer + 1] = ids[i]
end
return answer
