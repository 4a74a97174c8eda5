-- heartbeat: ARGV: prefix, host, holder, ttl in ms, steady in ms, now in unix ms, state of the runtime (host_connected in the
-- prelude: what ttl and steady do). Returns {''} or {the other holder's name}.

local host, holder, ttl, steady, now, runtime = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
ensure(beat_key(host), 'string')
ensure(steady_key(host), 'string')
ensure(host_key(host), 'hash')
local there = redis.call('GET', beat_key(host))

if there and there ~= holder then
    return {there}
end
redis.call('SET', beat_key(host), holder, 'PX', ttl)
local known = redis.call('HMGET', host_key(host), 'connected_at', 'away', 'runtime')
if known[1] and not there then
    redis.call('HSET', host_key(host), 'away', '1')
    redis.call('SET', steady_key(host), '1', 'PX', steady)
elseif not known[1] or (known[2] and redis.call('EXISTS', steady_key(host)) == 0) then
    redis.call('HDEL', host_key(host), 'away')
    redis.call('HSET', host_key(host), 'connected_at', now)
end
if known[3] ~= runtime then
    redis.call('HSET', host_key(host), 'runtime', runtime, 'runtime_since', now)
end
redis.call('HSET', host_key(host), 'runtime_at', now)
return {''}
