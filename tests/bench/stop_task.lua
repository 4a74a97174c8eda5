-- wrk script: StopTask of the tasks of a cluster in turn (arguments: cluster, "signed" or "unsigned", task...);
-- counts answers that are not 200.
local wrong = 0
local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    wrong_answers = 0
    local headers = {
        ["Content-Type"] = "application/x-amz-json-1.1",
        ["X-Amz-Target"] = "AmazonEC2ContainerServiceV20141113.StopTask",
    }
    if args[2] == "signed" then
        headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0"
    end
    requests = {}
    for i = 3, #args do
        local body = string.format('{"cluster": "%s", "task": "%s", "reason": "benchmark"}', args[1], args[i])
        table.insert(requests, wrk.format("POST", "/", headers, body))
    end
    turn = 0
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

function response(status)
    if status ~= 200 then
        wrong_answers = wrong_answers + 1
    end
end

function done(summary, latency)
    for _, thread in ipairs(threads) do
        wrong = wrong + thread:get("wrong_answers")
    end
    io.write(string.format("result requests=%d seconds=%.3f p50_ms=%.3f p99_ms=%.3f wrong=%d\n", summary.requests,
        summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        wrong + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
