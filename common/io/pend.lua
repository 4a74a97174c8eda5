-- pend: an API's record that the base does not hold yet. ARGV: prefix, cluster, id, offset, kind
-- ('S' StopRequested, 'T' TaskTagged), event. Returns as read.lua for the one task.

local cluster, id, offset, kind = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key = task_key(cluster, id)
local pos = redis.call('HGET', key, 'pos')

if pos and tonumber(offset) > offset_of(pos, key, 'pos') then
    redis.call('HSET', key, 'p:' .. offset, kind .. ARGV[6])
    if kind == 'S' and redis.call('HGET', key, 'stopped') ~= '1' then
        redis.call('HSET', key, 'stopped', '1')
        list_task(cluster, id, true)
    end
end
return {complete_run(), cluster_known(cluster), read_task(cluster, id, {})}
