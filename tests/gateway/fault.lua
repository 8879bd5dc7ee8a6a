-- SPDX-License-Identifier: MIT
--
-- Faults on request. A fault is a kind (some have an argument after a colon), a count of requests, and a Lua pattern that
-- "METHOD URI" must match. A request gets the oldest matching fault whose count is not used up.

local shared = ngx.shared.gateway

local M = {}

-- Answers of faults that change nothing. With 444 nginx closes the connection without an answer.
M.ANSWERS = {
    conflict = { 409, "wait and try again\n" },
    refused = { 500, "add server failed" },
    unavailable = { 503, "" },
    reset = { 444 },
    ["notsync-unapplied"] = { 500 },
}

-- Faults that dyups.lua and dynamic.lua implement; most of them apply the request at least in part.
local OTHERS = { notsync = true, skew = true, slow = true, late = true, cut = true, ["reset-applied"] = true, full = true,
    unchanged = true, gone = true }
local WITH_NUMBER = { slow = true, late = true, cut = true }

-- Returns the kind and its argument, or nil. Requests of the test helpers never get a fault.
function M.take(request)
    if ngx.var.http_x_observer then
        return
    end
    for number = 1, shared:get("faults") or 0 do
        local kind, argument, pattern = shared:get("fault " .. number):match("^([%a-]+):?(%S*) (.*)$")
        if request:find(pattern) and shared:incr("fault left " .. number, -1) >= 0 then
            return kind, argument
        end
    end
end

-- The control server: POST /fault?count=N&kind=K&pattern=P adds a fault, DELETE /fault cancels all.
function M.control()
    local args = ngx.req.get_uri_args()
    if ngx.req.get_method() == "DELETE" then
        shared:set("faults", 0)
        return ngx.say("none")
    end
    local kind, pattern = args.kind or "", args.pattern or ""
    local name, argument = kind:match("^([%a-]+):?(%S*)$")
    if not (M.ANSWERS[name] or OTHERS[name]) or not tonumber(args.count) or not pcall(string.find, "", pattern)
        or (WITH_NUMBER[name] or false) ~= (tonumber(argument) ~= nil) then
        ngx.status = 400
        return ngx.say("no such fault: ", ngx.var.args)
    end
    local number = (shared:get("faults") or 0) + 1
    shared:set("fault " .. number, kind .. " " .. pattern)
    shared:set("fault left " .. number, tonumber(args.count))
    shared:set("faults", number)
    ngx.say("ordered")
end

return M
