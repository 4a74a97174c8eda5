-- heartbeat: ARGV: prefix, host, holder, ttl in ms, now in unix ms. Returns {''} or {the other
-- holder's name}.

local host, holder = ARGV[2], ARGV[3]
ensure(beat_key(host), 'string')
ensure(host_key(host), 'hash')
local there = redis.call('GET', beat_key(host))

if there and there ~= holder then
    return {there}
end
redis.call('SET', beat_key(host), holder, 'PX', ARGV[4])
if not there then
    redis.call('HSET', host_key(host), 'connected_at', ARGV[5])
end
return {''}
