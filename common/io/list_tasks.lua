-- list_tasks: ARGV: prefix, cluster, running or stopped, after ('' = from the first), limit. Returns
-- {run_id of the complete marker, '1' if the cluster is known, up to limit + 1 ids in byte order}. Ids
-- whose task has expired leave the list here.

local cluster, which, limit = ARGV[2], ARGV[3], tonumber(ARGV[5])
local key = cluster_key(cluster, which)
local from = ARGV[4] == '' and '-' or '(' .. ARGV[4]
local answer = {complete_run(), cluster_known(cluster)}
local found, page = 0, {}

repeat
    page = redis.call('ZRANGEBYLEX', key, from, '+', 'LIMIT', 0, limit + 1 - found)
    for _, id in ipairs(page) do
        if redis.call('EXISTS', task_key(cluster, id)) == 1 then
            answer[#answer + 1] = id
            found = found + 1
        else
            redis.call('ZREM', key, id)
        end
        from = '(' .. id
    end
until #page == 0 or found > limit
return answer
