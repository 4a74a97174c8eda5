-- describe_clusters: ARGV: prefix, names. Returns {run_id of the complete marker, then of each '1' if
-- known, number of hosts that are not INACTIVE, number of tasks with desiredStatus RUNNING, of these PENDING}.

local answer = {complete_run()}

for i = 2, #ARGV do
    local hosts, pending = 0, 0
    for _, host in ipairs(redis.call('SMEMBERS', cluster_key(ARGV[i], 'hosts'))) do
        hosts = hosts + (host_status(host) ~= 'INACTIVE' and 1 or 0)
    end
    for _, id in ipairs(redis.call('SMEMBERS', cluster_key(ARGV[i], 'pending'))) do
        pending = pending + (redis.call('ZSCORE', cluster_key(ARGV[i], 'running'), id) and 1 or 0)
    end
    answer[#answer + 1] = cluster_known(ARGV[i])
    answer[#answer + 1] = tostring(hosts)
    answer[#answer + 1] = tostring(redis.call('ZCARD', cluster_key(ARGV[i], 'running')))
    answer[#answer + 1] = tostring(pending)
end
return answer
