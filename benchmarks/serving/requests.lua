-- Walks through prepared texts and tells what wrk counted, as JSON.
-- Arguments: file of JSON-escaped texts, one a line; what stands before and behind a text in the body; a word that no
-- other run uses, which together with a number makes every text unlike any other, or nothing, to repeat the texts.

local texts, before, behind, word = {}, "", "", ""
local sent = 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    texts[#texts + 1] = line
  end
  before, behind, word = arguments[2], arguments[3], arguments[4] or ""
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  local text = texts[sent % #texts + 1]
  sent = sent + 1
  if word ~= "" then
    text = text .. " " .. word .. sent
  end
  return wrk.format(nil, nil, nil, before .. text .. behind)
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "timed_out": %d, ' ..
    '"p50_ms": %.3f, "p95_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status, errors.connect + errors.read + errors.write,
    errors.timeout, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3
  ))
end
