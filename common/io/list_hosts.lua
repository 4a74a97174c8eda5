-- list_hosts: ARGV: prefix, cluster, after ('' = from the first), limit, then the statuses wanted. Returns
-- {run_id of the complete marker, '1' if the cluster is known, up to limit + 1 host ids in byte order}.

local cluster, after, limit = ARGV[2], ARGV[3], tonumber(ARGV[4])
local wanted, answer = {}, {complete_run(), cluster_known(cluster)}
for i = 5, #ARGV do
    wanted[ARGV[i]] = true
end
local hosts = redis.call('SMEMBERS', cluster_key(cluster, 'hosts'))
table.sort(hosts)
for _, host in ipairs(hosts) do
    if #answer == limit + 3 then
        break
    end
    if host > after and wanted[host_status(host)] then
        answer[#answer + 1] = host
    end
end
return answer
