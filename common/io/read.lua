-- read: ARGV: prefix, cluster, ids. Returns {run_id of the complete marker, '1' if the cluster is
-- known, a task for each id as read_task makes it}.

local cluster = ARGV[2]
local answer = {complete_run(), cluster_known(cluster)}
local hosts = {}

for i = 3, #ARGV do
    answer[#answer + 1] = read_task(cluster, ARGV[i], hosts)
end
return answer
