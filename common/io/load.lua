-- load: the host's `seen` and the bases of its open tasks. ARGV: prefix, host. Returns {seen, then of
-- each base cluster, id, pos, reducer, bytes}.

local host = ARGV[2]
keep_open(host)
local answer = {seen_of(host)}

for _, member in ipairs(redis.call('SMEMBERS', open_key(host))) do
    local cluster, id = string.match(member, '^([^/]*)/(.*)$')
    local base = cluster and read_base(host, cluster, id)
    if base then
        for _, part in ipairs({cluster, id, base[1], base[2], base[3]}) do
            answer[#answer + 1] = part
        end
    else
        redis.call('SREM', open_key(host), member)
    end
end
return answer
