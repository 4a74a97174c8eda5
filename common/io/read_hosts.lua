-- read_hosts: ARGV: prefix, cluster, hosts. Returns {run_id of the complete marker, '1' if the cluster is
-- known, then of each host {} if it is not registered in this cluster, else {record, '1' if it is connected,
-- connected at, status, version, state of its runtime ('' = never told), since when, told when, number of open tasks,
-- of these pending, what each reserves (redis_put.reserved)}}.

local OPEN, PENDING = 9, 10 -- among the parts of a host
local cluster = ARGV[2]
local answer = {complete_run(), cluster_known(cluster)}

local function read_host(host)
    local found = redis.call('HMGET', host_key(host), 'record', 'connected_at', 'cluster',
                             'runtime', 'runtime_since', 'runtime_at')
    if not found[1] or found[3] ~= cluster then
        return {}
    end
    local parts = {found[1], host_connected(host) and '1' or '0', found[2] or '0', host_status(host), host_version(host),
                   found[4] or '', found[5] or '0', found[6] or '0', 0, 0}
    for _, member in ipairs(redis.call('SMEMBERS', open_key(host))) do
        local of, id = string.match(member, '^([^/]*)/(.*)$')
        local task = of and redis.call('HMGET', task_key(of, id), 'host', 'pending', 'reserved')
        if task and task[1] == host then
            parts[OPEN] = parts[OPEN] + 1
            parts[PENDING] = parts[PENDING] + (task[2] and 1 or 0)
            parts[#parts + 1] = task[3] or ''
        end
    end
    parts[OPEN], parts[PENDING] = tostring(parts[OPEN]), tostring(parts[PENDING])
    return parts
end

for i = 3, #ARGV do
    answer[#answer + 1] = read_host(ARGV[i])
end
return answer
