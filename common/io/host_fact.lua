-- host_fact: a fact of a host (WorkerStarted, HostDeregistered, HostStateChanged), by whoever has it from
-- the log. ARGV: prefix, host, kind, offset, value. Of each kind the highest offset counts. The open tasks
-- of a deregistered host leave the running list of their cluster, and come back with the host.
-- Returns {status}.

local host, kind, offset, value = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local key, field = host_key(host), kind .. '_offset'
seen_of(host)
local before, there = host_status(host), redis.call('HGET', key, field)

if there and offset_of(there, key, field) >= offset_of(offset, key, field) then
    return {before}
end
redis.call('HSET', key, field, offset, kind, value)
local after = host_status(host)
if (before == 'INACTIVE') ~= (after == 'INACTIVE') then
    for _, member in ipairs(redis.call('SMEMBERS', open_key(host))) do
        local cluster, id = string.match(member, '^([^/]*)/(.*)$')
        local task = cluster and redis.call('HMGET', task_key(cluster, id), 'host', 'stop')
        if task and task[1] == host then
            list_task(cluster, id, after == 'INACTIVE' or task[2])
        end
    end
end
return {after}
