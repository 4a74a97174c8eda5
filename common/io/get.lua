-- get: one base of the host, and `seen`. ARGV: prefix, host, cluster, id. Returns {seen}, {seen, cluster, id, pos,
-- reducer, bytes}, or {seen, the host whose task has that id}.

local host, cluster, id = ARGV[2], ARGV[3], ARGV[4]
local base = read_base(host, cluster, id)

-- The other registered host that has a task of this id; one that was given up counts no more.
local function holder()
    local key = task_key(cluster, id)
    local other = redis.call('TYPE', key).ok == 'hash' and redis.call('HGET', key, 'host')
    if other and other ~= host and is_base(other, cluster, id) and
       redis.call('TYPE', host_key(other)).ok == 'hash' then
        local ok, status = pcall(host_status, other)
        return not (ok and status == 'INACTIVE') and other or nil
    end
end

if base then
    return {seen_of(host), cluster, id, base[1], base[2], base[3]}
end
return {seen_of(host), holder()}
