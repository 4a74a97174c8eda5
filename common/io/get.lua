-- get: one base of the host, and `seen`. ARGV: prefix, host, cluster, id. Returns {seen} or {seen,
-- cluster, id, pos, reducer, bytes}.

local host, cluster, id = ARGV[2], ARGV[3], ARGV[4]
local base = read_base(host, cluster, id)

if base then
    return {seen_of(host), cluster, id, base[1], base[2], base[3]}
end
return {seen_of(host)}
