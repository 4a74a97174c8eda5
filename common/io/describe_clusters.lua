-- describe_clusters: ARGV: prefix, names. Returns {run_id of the complete marker, then of each '1' if
-- known, number of hosts, number of tasks with desiredStatus RUNNING}.

local answer = {complete_run()}

for i = 2, #ARGV do
    answer[#answer + 1] = cluster_known(ARGV[i])
    answer[#answer + 1] = tostring(redis.call('SCARD', cluster_key(ARGV[i], 'hosts')))
    answer[#answer + 1] = tostring(redis.call('ZCARD', cluster_key(ARGV[i], 'running')))
end
return answer
