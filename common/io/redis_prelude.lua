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

local function steady_key(host)
    return beat_key(host) .. ':steady'
end

-- Whether a host is connected; heartbeat.lua does the rest of the rule. It is no longer when its last beat is older than a
-- ttl. It is again with the first beat that comes `steady` after the first one since, if no gap of a ttl lay between them:
-- `away` says that this is yet to come, steady_key that the time is not over. A host that the view knows no connection of
-- is connected with its first beat.
local function host_connected(host)
    return redis.call('EXISTS', beat_key(host)) == 1 and redis.call('HEXISTS', host_key(host), 'away') == 0
end

-- A task's hash: host, pos, rn (the reducer's number), base, sum (base_sum), live, p:OFFSET for each pending event, and
-- stop: the lowest offset of a pending StopRequested, '0' if the base holds one, absent if there is none.
local function task_key(cluster, id)
    return prefix .. ':t:' .. cluster .. '/' .. id
end

-- what: running, stopped (ids by desiredStatus), each also with :FILTER behind it (of these the ids to which that filter of
-- ListTasks applies), filters (those of each id), expiry (ids by the time they are forgotten), hosts.
local function cluster_key(cluster, what)
    return prefix .. ':c:' .. cluster .. ':' .. what
end

local function corrupt(key, what)
    error('CORRUPT ' .. key .. ' ' .. what, 0)
end

-- Whether the key may be used as this type; what holds another is not ours and goes.
local function ensure(key, kind)
    local found = redis.call('TYPE', key).ok
    if found ~= kind and found ~= 'none' then
        redis.call('DEL', key)
    end
    return found == kind or found == 'none'
end

-- As ensure, of a key that several hosts share: what the others had in it is lost, so the view holds no longer all.
local function ensure_shared(key, kind)
    if not ensure(key, kind) and ensure(prefix .. ':complete', 'hash') then
        redis.call('HDEL', prefix .. ':complete', 'run_id')
    end
end

local function is_offset(text)
    return text and #text <= 16 and string.match(text, '^%d+$') ~= nil
end

-- Offsets are kept as decimal text; Lua's numbers are exact up to 2^53.
local function offset_of(text, key, field)
    if not is_offset(text) then
        corrupt(key, 'has no offset in ' .. field)
    end
    return tonumber(text)
end

-- Offsets of a host's facts (host_status below).
local FACT_OFFSETS = {'started_offset', 'deregistered_offset', 'status_offset'}

-- The offset up to which all of a host's records are in the view, -1 = absent. For those who write the host's keys: what
-- is no offset goes, there or in a fact, and the worker then puts all that is the host's again.
local function seen_of(host)
    local key = host_key(host)
    ensure(key, 'hash')
    for _, field in ipairs({'seen', unpack(FACT_OFFSETS)}) do
        local text = redis.call('HGET', key, field)
        if text and not is_offset(text) then
            redis.call('HDEL', key, field, 'seen')
        end
    end
    return redis.call('HGET', key, 'seen') or '-1'
end

-- Where the host's list of open tasks was no list, its worker does not know them all from it.
local function keep_open(host)
    if not ensure(open_key(host), 'set') and ensure(host_key(host), 'hash') then
        redis.call('HDEL', host_key(host), 'seen')
    end
end

-- The run of Redis for which the view holds all. The caller knows whether that is this run.
local function complete_run()
    local run = redis.pcall('HGET', prefix .. ':complete', 'run_id')
    return type(run) == 'string' and run or ''
end

local function cluster_known(cluster)
    return redis.call('ZSCORE', prefix .. ':clusters', cluster) and '1' or '0'
end

-- A host's state by its facts (common/domain/host_fact.h), of its hash's started_offset, deregistered_offset,
-- status_offset and status: ACTIVE or DRAINING, as an operator said, or INACTIVE: deregistered, and no worker has
-- started since.
local function status_by(host, started, deregistered, changed, status)
    local at = {}
    for i, text in ipairs({started or '', deregistered or '', changed or ''}) do
        at[i] = text ~= '' and offset_of(text, host_key(host), FACT_OFFSETS[i]) or -1
    end
    if at[2] > at[1] then
        return 'INACTIVE'
    end
    return at[3] > at[2] and status == 'DRAINING' and 'DRAINING' or 'ACTIVE'
end

local function host_status(host)
    return status_by(host, unpack(redis.call('HMGET', host_key(host), 'started_offset', 'deregistered_offset',
                                             'status_offset', 'status')))
end

-- Grows with each fact of a host.
local function host_version(host)
    local version = 1
    for _, field in ipairs(FACT_OFFSETS) do
        local found = redis.call('HGET', host_key(host), field)
        version = math.max(version, found and offset_of(found, host_key(host), field) + 2 or 1)
    end
    return string.format('%.0f', version)
end

-- The filters of ListTasks that apply to a task, as KIND:VALUE with zero bytes between them. They are not in its hash: the
-- lists have to be left when that has expired.
local function filters_of(cluster, id)
    return redis.call('HGET', cluster_key(cluster, 'filters'), id) or ''
end

-- Calls fn with each list of that desiredStatus that a task with these filters is in.
local function each_list(cluster, which, filters, fn)
    fn(cluster_key(cluster, which))
    for filter in string.gmatch(filters, '%Z+') do
        fn(cluster_key(cluster, which .. ':' .. filter))
    end
end

-- Of a list that holds another type all is lost, and it begins anew.
local function call_list(command, key, ...)
    if type(redis.pcall(command, key, ...)) == 'table' then
        ensure_shared(key, 'zset')
        redis.call(command, key, ...)
    end
end

local function leave_lists(cluster, id, which, filters)
    each_list(cluster, which, filters, function(key) call_list('ZREM', key, id) end)
end

-- Moves a task to the lists of its desiredStatus.
local function list_task(cluster, id, stopped)
    local filters = filters_of(cluster, id)
    leave_lists(cluster, id, stopped and 'running' or 'stopped', filters)
    each_list(cluster, stopped and 'stopped' or 'running', filters,
              function(key) call_list('ZADD', key, 0, id) end)
end

-- Takes a task out of all lists of its cluster.
local function unlist_task(cluster, id)
    local filters = filters_of(cluster, id)
    leave_lists(cluster, id, 'running', filters)
    leave_lists(cluster, id, 'stopped', filters)
    redis.call('HDEL', cluster_key(cluster, 'filters'), id)
end

-- A base that cannot be right becomes one of no bytes at position 0: no API takes it for a task or for none, and
-- the next put replaces it.
local function void_base(host, cluster, id)
    local key = task_key(cluster, id)
    ensure(key, 'hash')
    redis.call('HSET', key, 'host', host, 'pos', '0', 'rn', '0', 'base', '')
end

-- What put leaves beside a base, so that a look finds other bytes or another position there.
local function base_sum(pos, bytes)
    return redis.sha1hex(pos .. ':' .. bytes)
end

-- Whether the key holds what can be a base of this host, as far as can be seen without its bytes.
local function is_base(host, cluster, id)
    local found = redis.pcall('HMGET', task_key(cluster, id), 'host', 'pos', 'rn')
    return not found.err and found[1] == host and is_offset(found[2]) and is_offset(found[3]) and
           redis.call('HSTRLEN', task_key(cluster, id), 'base') > 0
end

-- {pos, reducer, bytes} of a base, nil if it is not there or is another host's; of no bytes if it is not right.
local function read_base(host, cluster, id)
    local key = task_key(cluster, id)
    local kind = redis.call('TYPE', key).ok
    local found = kind == 'hash' and redis.call('HMGET', key, 'host', 'pos', 'rn', 'base') or {}
    if kind == 'none' or (found[1] and found[1] ~= host) then
        return nil
    end
    if not (found[1] and is_offset(found[2]) and is_offset(found[3]) and found[4]) then
        void_base(host, cluster, id)
        return {'0', '0', ''}
    end
    return {found[2], found[3], found[4]}
end

-- {host record, '1' if it is connected, connected at, '1' if the host is deregistered}
local function read_host(host)
    local found = redis.call('HMGET', host_key(host), 'record', 'connected_at', 'away', 'started_offset',
                             'deregistered_offset', 'status_offset', 'status')
    local gone = status_by(host, found[4], found[5], found[6], found[7]) == 'INACTIVE'
    local connected = not gone and not found[3] and redis.call('EXISTS', beat_key(host)) == 1
    return {found[1] or '', connected and '1' or '0', found[2] or '0', gone and '1' or '0'}
end

-- Adds offset and event of each pending to a task. Most have none, which the number of the hash's other fields shows.
local function add_pending(task, key, others)
    if redis.call('HLEN', key) == others then
        return task
    end
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do
        local offset = string.match(all[i], '^p:(%d+)$')
        if offset then
            task[#task + 1] = offset
            task[#task + 1] = string.sub(all[i + 1], 2)
        end
    end
    return task
end

-- {host, pos, base, live, then what read_host tells, then offset and event of each pending}; {} if there is no such task.
-- `hosts` remembers hosts between calls.
local function read_task(cluster, id, hosts)
    local key = task_key(cluster, id)
    local found = redis.call('HMGET', key, 'host', 'pos', 'base', 'live', 'rn', 'reserved', 'pending', 'stop', 'sum')
    local others = 0
    for i = 1, 9 do
        others = others + (found[i] and 1 or 0)
    end
    local host, pos, base = found[1], found[2], found[3]
    if others == 0 and redis.call('EXISTS', key) == 0 then
        return {}
    end
    offset_of(pos, key, 'pos')
    if not host or not base then
        corrupt(key, 'has no host or no base')
    end
    hosts[host] = hosts[host] or read_host(host)
    local of_host = hosts[host]
    return add_pending({host, pos, base, found[4] or '', of_host[1], of_host[2], of_host[3], of_host[4]},
                       key, others)
end
