-- Stands before each script of this folder at build time. ARGV[1] is the prefix of every key.
-- The scripts make names of keys from what they read, so all keys have to live in one Redis: Redis
-- Cluster is not supported.

local prefix = ARGV[1]

local function host_key(host)
    return prefix .. ':h:' .. host
end

local function open_key(host)
    return prefix .. ':h:' .. host .. ':open'
end

local function beat_key(host)
    return prefix .. ':hb:' .. host
end

-- A task's hash: host, pos, rn (the reducer's number), base, live, p:OFFSET for each pending event, and
-- stop: the lowest offset of a pending StopRequested, '0' if the base holds one, absent if there is none.
local function task_key(cluster, id)
    return prefix .. ':t:' .. cluster .. '/' .. id
end

-- what: running, stopped (ids by desiredStatus), expiry (ids by the time they are forgotten), hosts.
local function cluster_key(cluster, what)
    return prefix .. ':c:' .. cluster .. ':' .. what
end

local function corrupt(key, what)
    error('CORRUPT ' .. key .. ' ' .. what, 0)
end

-- Offsets are kept as decimal text; Lua's numbers are exact up to 2^53.
local function offset_of(text, key, field)
    if not text or #text > 16 or not string.match(text, '^%d+$') then
        corrupt(key, 'has no offset in ' .. field)
    end
    return tonumber(text)
end

-- The offset up to which all of a host's records are in the view, -1 = absent.
local function seen_of(host)
    local key = host_key(host)
    local text = redis.call('HGET', key, 'seen')
    if text then
        offset_of(text, key, 'seen')
    end
    return text or '-1'
end

-- The run of Redis for which the view holds all. The caller knows whether that is this run.
local function complete_run()
    return redis.call('HGET', prefix .. ':complete', 'run_id') or ''
end

local function cluster_known(cluster)
    return redis.call('ZSCORE', prefix .. ':clusters', cluster) and '1' or '0'
end

-- Moves a task to the list of its desiredStatus.
local function list_task(cluster, id, stopped)
    redis.call('ZREM', cluster_key(cluster, stopped and 'running' or 'stopped'), id)
    redis.call('ZADD', cluster_key(cluster, stopped and 'stopped' or 'running'), 0, id)
end

-- {pos, reducer, bytes} of a base, nil if it is not there or is another host's.
local function read_base(host, cluster, id)
    local key = task_key(cluster, id)
    local found = redis.call('HMGET', key, 'host', 'pos', 'rn', 'base')
    if found[1] ~= host then
        return nil
    end
    offset_of(found[2], key, 'pos')
    offset_of(found[3], key, 'rn')
    if not found[4] then
        corrupt(key, 'has no base')
    end
    return {found[2], found[3], found[4]}
end

-- {host, pos, base, live, host record, '1' if it beats, connected at, then offset and event of each
-- pending}; {} if there is no such task. `hosts` remembers hosts between calls.
local function read_task(cluster, id, hosts)
    local key = task_key(cluster, id)
    local all = redis.call('HGETALL', key)
    local fields, pending = {}, {}
    for i = 1, #all, 2 do
        local offset = string.match(all[i], '^p:(%d+)$')
        if offset then
            pending[#pending + 1] = offset
            pending[#pending + 1] = string.sub(all[i + 1], 2)
        else
            fields[all[i]] = all[i + 1]
        end
    end
    if #all == 0 then
        return {}
    end
    offset_of(fields.pos, key, 'pos')
    if not fields.host or not fields.base then
        corrupt(key, 'has no host or no base')
    end
    local host = hosts[fields.host]
    if not host then
        local record = redis.call('HMGET', host_key(fields.host), 'record', 'connected_at')
        local beats = redis.call('EXISTS', beat_key(fields.host)) == 1
        host = {record[1] or '', beats and '1' or '0', record[2] or '0'}
        hosts[fields.host] = host
    end
    local task = {fields.host, fields.pos, fields.base, fields.live or '', host[1], host[2], host[3]}
    for i = 1, #pending do
        task[#task + 1] = pending[i]
    end
    return task
end
