-- pend: an API's record that the base does not hold yet. ARGV: prefix, cluster, id, offset, kind
-- ('S' StopRequested, 'T' TaskTagged), event. Returns as read.lua for the one task.

local cluster, id, offset, kind = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key = task_key(cluster, id)
local pos = redis.call('HGET', key, 'pos')

-- The first StopRequested in log order decides: one above another that base or pending hold changes
-- nothing in any fold to come, and is not kept (a task asked for a thousand times stays small).
local function is_later_stop(stop)
    return kind == 'S' and stop and offset_of(stop, key, 'stop') <= tonumber(offset)
end

if pos and tonumber(offset) > offset_of(pos, key, 'pos') and
   not is_later_stop(redis.call('HGET', key, 'stop')) then
    redis.call('HSET', key, 'p:' .. offset, kind .. ARGV[6])
    if kind == 'S' then
        redis.call('HSET', key, 'stop', offset)
        list_task(cluster, id, true)
    end
end
return {complete_run(), cluster_known(cluster), read_task(cluster, id, {})}
