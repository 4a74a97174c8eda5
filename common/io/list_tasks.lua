-- list_tasks: ARGV: prefix, cluster, running or stopped, after ('' = from the first), limit, then of each filter kind and value. Returns
-- {run_id of the complete marker, '1' if the cluster is known, up to limit + 1 ids in byte order to which all filters apply}.
-- Ids whose task has expired leave the lists here.

local cluster, which, limit = ARGV[2], ARGV[3], tonumber(ARGV[5])
local from = ARGV[4] == '' and '-' or '(' .. ARGV[4]
local answer = {complete_run(), cluster_known(cluster)}
local found, page = 0, {}

-- The shortest list is walked, the others are asked.
local walked, others = cluster_key(cluster, which), {}
for i = 6, #ARGV, 2 do
    local key = cluster_key(cluster, which .. ':' .. ARGV[i] .. ':' .. ARGV[i + 1])
    if redis.call('ZCARD', key) < redis.call('ZCARD', walked) then
        key, walked = walked, key
    end
    others[#others + 1] = key
end

local function all_have(id)
    for _, key in ipairs(others) do
        if not redis.call('ZSCORE', key, id) then
            return false
        end
    end
    return true
end

repeat
    page = redis.call('ZRANGEBYLEX', walked, from, '+', 'LIMIT', 0, limit + 1)
    for _, id in ipairs(page) do
        if redis.call('EXISTS', task_key(cluster, id)) == 0 then
            unlist_task(cluster, id)
        elseif found <= limit and all_have(id) then
            answer[#answer + 1] = id
            found = found + 1
        end
        from = '(' .. id
    end
until #page == 0 or found > limit
return answer
