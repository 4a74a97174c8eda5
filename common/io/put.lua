-- put: a batch of bases of one host, and its `seen`, only ever from records read back from the log.
-- ARGV: prefix, host, the seen that the caller knows (-2: a rebuild's, neither compared nor moved),
-- the new seen, then per base: cluster, id, pos, reducer, stopped 0/1, terminal 0/1, expiry in unix ms
-- (0 = never), pending 0/1, reserved, family, startedBy, service (each '' = none), bytes. Returns {'1' written or '0'
-- seen differs, seen as found or made}.

local FORGET_AT_ONCE = 10
local PARTS_OF_BASE = 13
local FILTERS = {'family', 'startedBy', 'service'}
local host, known, new = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Drops what the base holds by now; the lowest offset of a pending StopRequested that is left.
local function drop_pending(key, pos)
    local stop_left = nil
    for _, field in ipairs(redis.call('HKEYS', key)) do
        local offset = string.match(field, '^p:(%d+)$')
        if offset then
            if tonumber(offset) <= pos then
                redis.call('HDEL', key, field)
            elseif string.sub(redis.call('HGET', key, field), 1, 1) == 'S' then
                stop_left = math.min(stop_left or tonumber(offset), tonumber(offset))
            end
        end
    end
    return stop_left
end

local function forget(cluster, id)
    redis.call('DEL', task_key(cluster, id))
    redis.call('SREM', open_key(host), cluster .. '/' .. id)
    redis.call('SREM', cluster_key(cluster, 'pending'), id)
    redis.call('ZREM', cluster_key(cluster, 'expiry'), id)
    unlist_task(cluster, id)
end

-- Expiry takes a task's hash; its id leaves the lists here, a few at a time.
local function forget_expired(cluster)
    local gone = redis.call('ZRANGEBYSCORE', cluster_key(cluster, 'expiry'), '-inf', now,
                            'LIMIT', 0, FORGET_AT_ONCE)
    for _, id in ipairs(gone) do
        forget(cluster, id)
    end
end

local function expire(key, cluster, id, terminal, expiry)
    if terminal and expiry > 0 then
        redis.call('PEXPIREAT', key, expiry)
        redis.call('ZADD', cluster_key(cluster, 'expiry'), expiry, id)
        forget_expired(cluster)
    else
        redis.call('PERSIST', key)
        redis.call('ZREM', cluster_key(cluster, 'expiry'), id)
    end
end

-- What filters apply to a task: those of its values, and its host.
local function set_filters(cluster, id, values)
    local filters = {'host:' .. host}
    for i, name in ipairs(FILTERS) do
        if values[i] ~= '' then
            filters[#filters + 1] = name .. ':' .. values[i]
        end
    end
    filters = table.concat(filters, '\0')
    if filters ~= filters_of(cluster, id) then
        unlist_task(cluster, id)
        redis.call('HSET', cluster_key(cluster, 'filters'), id, filters)
    end
end

-- Whether the host is deregistered: its tasks are no longer listed as running.
local gone

local function put(cluster, id, pos, reducer, stopped, terminal, expiry, pending, reserved,
                   filters, bytes)
    local key = task_key(cluster, id)
    ensure(key, 'hash')
    local there = redis.call('HMGET', key, 'pos', 'rn', 'host')
    if there[3] == host and is_offset(there[1]) and is_offset(there[2]) then
        local pos_there = tonumber(there[1])
        if tonumber(pos) < pos_there or
           (tonumber(pos) == pos_there and tonumber(reducer) < tonumber(there[2])) then
            return
        end
    end
    if terminal and expiry > 0 and expiry <= now then
        forget(cluster, id)
        return
    end
    local stop_left = drop_pending(key, tonumber(pos))
    local stop = stopped and '0' or stop_left and string.format('%.0f', stop_left)
    redis.call('HSET', key, 'host', host, 'pos', pos, 'rn', reducer, 'base', bytes,
               'sum', base_sum(pos, bytes), 'reserved', reserved)
    if pending then
        redis.call('HSET', key, 'pending', '1')
        redis.call('SADD', cluster_key(cluster, 'pending'), id)
    else
        redis.call('HDEL', key, 'pending')
        redis.call('SREM', cluster_key(cluster, 'pending'), id)
    end
    if stop then
        redis.call('HSET', key, 'stop', stop)
    else
        redis.call('HDEL', key, 'stop')
    end
    redis.call(terminal and 'SREM' or 'SADD', open_key(host), cluster .. '/' .. id)
    set_filters(cluster, id, filters)
    list_task(cluster, id, stop or gone)
    expire(key, cluster, id, terminal, expiry)
end

keep_open(host)
local found = seen_of(host)
gone = host_status(host) == 'INACTIVE'
if known ~= -2 and tonumber(found) ~= known then
    return {'0', found}
end
for i = 5, #ARGV, PARTS_OF_BASE do
    ensure_shared(cluster_key(ARGV[i], 'expiry'), 'zset')
    ensure_shared(cluster_key(ARGV[i], 'filters'), 'hash')
    ensure_shared(cluster_key(ARGV[i], 'pending'), 'set')
    put(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4] == '1', ARGV[i + 5] == '1',
        tonumber(ARGV[i + 6]), ARGV[i + 7] == '1', ARGV[i + 8],
        {ARGV[i + 9], ARGV[i + 10], ARGV[i + 11]}, ARGV[i + 12])
end
if known ~= -2 and new > tonumber(found) then
    redis.call('HSET', host_key(host), 'seen', ARGV[4])
    found = ARGV[4]
end
return {'1', found}
