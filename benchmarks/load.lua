-- What wrk sends for load.py: the lines of a file of requests (method, path, body and, for some, a
-- header; tabs between), one after the other; at the end, what it saw, as JSON.
local prepared = {}
local last = 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, body, header = line:match("^([^\t]*)\t([^\t]*)\t([^\t]*)\t?(.*)$")
    local headers = { ["Content-Type"] = "application/json" }
    local name, value = header:match("^([^:]+): (.*)$")
    if name then headers[name] = value end
    prepared[#prepared + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
  end
end

function request()
  last = last % #prepared + 1
  return prepared[last]
end

function done(summary, latency, _)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    '\nload: {"requests": %d, "duration": %d, "failed": %d, "p50": %d, "p95": %d, "p99": %d}\n',
    summary.requests, summary.duration, failed,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
