-- verify: looks whether what the view holds of a host can be right: its registration, its open tasks, and the lists that name
-- them. ARGV: prefix, host. Returns {seen, the key that is not right or ''}; if one is not, `seen` is gone, so that the
-- host's worker puts all again. A key that is gone altogether may have company: the view is then no longer complete. What is
-- no task of the host leaves the list of its open tasks.

local host = ARGV[2]
local wrong = ''

-- The key that should name the task and does not, '' if each does.
local function list_that_lacks(cluster, id)
    ensure_shared(cluster_key(cluster, 'filters'), 'hash')
    local filters, lacking = filters_of(cluster, id), {}
    for _, which in ipairs({'running', 'stopped'}) do
        each_list(cluster, which, filters, function(key)
            local score = redis.pcall('ZSCORE', key, id)
            if type(score) == 'table' then
                ensure_shared(key, 'zset')
            end
            lacking[which] = lacking[which] or (type(score) ~= 'string' and key)
        end)
        if not lacking[which] then
            return filters == '' and cluster_key(cluster, 'filters') or ''
        end
    end
    return lacking.running
end

-- Whether another host has the task open: two hosts with one id.
local function is_of_another(cluster, id, member)
    local other = redis.pcall('HGET', task_key(cluster, id), 'host')
    return type(other) == 'string' and other ~= host and redis.pcall('SISMEMBER', open_key(other), member) == 1
end

-- A member without a base of this host goes at once: the fold that is asked for brings back the task that it names, if the
-- log has it; a member that stayed would ask again at each look.
local function look_at(member)
    local cluster, id = string.match(member, '^([^/]*)/(.*)$')
    if not cluster or is_of_another(cluster, id, member) then
        redis.call('SREM', open_key(host), member)
        return ''
    end
    if not is_base(host, cluster, id) then
        redis.call('SREM', open_key(host), member)
        if redis.call('EXISTS', task_key(cluster, id)) == 0 and ensure(prefix .. ':complete', 'hash') then
            redis.call('HDEL', prefix .. ':complete', 'run_id')
        end
        return task_key(cluster, id)
    end
    local found = redis.call('HMGET', task_key(cluster, id), 'pos', 'base', 'sum')
    if found[3] ~= base_sum(found[1], found[2]) then
        void_base(host, cluster, id)
        return task_key(cluster, id)
    end
    return list_that_lacks(cluster, id)
end

local function look()
    if not ensure(host_key(host), 'hash') or not ensure(open_key(host), 'set') then
        return host_key(host)
    end
    local before = redis.call('HLEN', host_key(host))
    seen_of(host)
    if redis.call('HLEN', host_key(host)) ~= before then
        return host_key(host)
    end
    local cluster = redis.call('HGET', host_key(host), 'cluster')
    if cluster then
        ensure_shared(prefix .. ':clusters', 'zset')
        ensure_shared(cluster_key(cluster, 'hosts'), 'set')
        if redis.call('SISMEMBER', cluster_key(cluster, 'hosts'), host) == 0 or cluster_known(cluster) == '0' then
            return cluster_key(cluster, 'hosts')
        end
    end
    for _, member in ipairs(redis.call('SMEMBERS', open_key(host))) do
        local found = look_at(member)
        if found ~= '' then
            return found
        end
    end
    return ''
end

wrong = look()
if wrong ~= '' then
    redis.call('HDEL', host_key(host), 'seen')
end
return {seen_of(host), wrong}
