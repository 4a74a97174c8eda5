-- seen: ARGV: prefix, host. Returns {seen}.

return {seen_of(ARGV[2])}
