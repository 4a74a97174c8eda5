-- rebuild_complete: ARGV: prefix, token, run_id. Returns {'1'}, or {'0'} where the token is another's
-- or gone: the view was emptied, or another rebuild began.

local key = prefix .. ':complete'

if redis.call('HGET', key, 'token') ~= ARGV[2] then
    return {'0'}
end
redis.call('HSET', key, 'run_id', ARGV[3])
return {'1'}
