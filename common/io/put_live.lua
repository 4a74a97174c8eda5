-- put_live: what is known of a task beside its document. ARGV: prefix, cluster, id, live. Without a base
-- nothing is written: the hash would be half a task.

local key = task_key(ARGV[2], ARGV[3])

if redis.call('HEXISTS', key, 'base') == 1 then
    if ARGV[4] == '' then
        redis.call('HDEL', key, 'live')
    else
        redis.call('HSET', key, 'live', ARGV[4])
    end
end
return {}
