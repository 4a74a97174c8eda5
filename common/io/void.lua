-- void: ARGV: prefix, host, cluster, id. A base whose bytes its worker cannot read. Returns {}.

void_base(ARGV[2], ARGV[3], ARGV[4])
return {}
