-- One load for wrk. Arguments after "--", each as name=value:
--   pattern, first, step, count   a different path below the URL for each request: pattern is
--                                 formatted with first, first + step, …; ends after count of them
--   pause                         longest pause of a connection before a request, in milliseconds
--   statuses                      count the answers by status (costs wrk some time for each)
-- Without pattern every request is the same, and wrk runs no Lua for it.

local ffi = require("ffi")
ffi.cdef("int kill(int process, int signal); int getpid(void);")
local SIGINT = 2

local threads = {}

function setup(thread)
   table.insert(threads, thread)
end

local function stop()
   wrk.thread:stop()
   -- wrk's main thread sleeps for the whole duration; only its signal handler ends that.
   ffi.C.kill(ffi.C.getpid(), SIGINT)
end

local function different_paths(pattern, first, step, count)
   -- wrk calls this once before it starts, and does not send that request.
   local asked = -1
   return function()
      asked = asked + 1
      if asked > count then
         asked = count
         stop()
      end
      local number = first + step * math.max(asked - 1, 0)
      return wrk.format("GET", wrk.path .. string.format(pattern, number))
   end
end

function init(arguments)
   local options = {}
   for _, argument in ipairs(arguments) do
      local name, value = argument:match("^(%a+)=(.*)$")
      options[name] = value
   end
   if options.pattern then
      request = different_paths(
         options.pattern, tonumber(options.first), tonumber(options.step),
         tonumber(options.count) or math.huge
      )
   end
   if options.pause then
      math.randomseed(ffi.C.getpid())
      local longest = tonumber(options.pause)
      delay = function() return math.random(0, longest) end
   end
   if options.statuses then
      statuses = {}
      response = function(status) statuses[status] = (statuses[status] or 0) + 1 end
   end
end

function done(summary, latency)
   local errors = summary.errors
   local counted = {}
   for status, count in pairs(threads[1]:get("statuses") or {}) do
      table.insert(counted, string.format('"%s": %d', status, count))
   end
   io.write(string.format(
      '\nRESULT {"requests": %d, "microseconds": %d, "bytes": %d, "p50": %d, "p99": %d, '
         .. '"refused": %d, "errors": {"connect": %d, "read": %d, "write": %d, "timeout": %d}, '
         .. '"statuses": {%s}}\n',
      summary.requests, summary.duration, summary.bytes,
      latency:percentile(50), latency:percentile(99), errors.status,
      errors.connect, errors.read, errors.write, errors.timeout, table.concat(counted, ", ")
   ))
end
