-- rebuild_begin: ARGV: prefix, token. An older marker stays good meanwhile.

ensure(prefix .. ':complete', 'hash')
redis.call('HSET', prefix .. ':complete', 'token', ARGV[2])
return {}
