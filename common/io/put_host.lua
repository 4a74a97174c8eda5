-- put_host: a host's registration. ARGV: prefix, host, cluster, record. A host that changes its cluster
-- leaves the other's list; that cluster stays known.

local host, cluster = ARGV[2], ARGV[3]
ensure(host_key(host), 'hash')
ensure_shared(cluster_key(cluster, 'hosts'), 'set')
ensure_shared(prefix .. ':clusters', 'zset')
local before = redis.call('HGET', host_key(host), 'cluster')

if before and before ~= cluster then
    ensure_shared(cluster_key(before, 'hosts'), 'set')
    redis.call('SREM', cluster_key(before, 'hosts'), host)
end
redis.call('HSET', host_key(host), 'cluster', cluster, 'record', ARGV[4])
redis.call('SADD', cluster_key(cluster, 'hosts'), host)
redis.call('ZADD', prefix .. ':clusters', 0, cluster)
return {}
