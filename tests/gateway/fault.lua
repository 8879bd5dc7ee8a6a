-- SPDX-License-Identifier: MIT
--
-- Faults on order. A fault is a kind, with an argument after a colon where it takes one, a number of answers that it still
-- spoils, and a Lua pattern that "METHOD URI" must match. The oldest one that matches and is not used up is taken.

local shared = ngx.shared.gateway

local M = {}

-- The answers given without doing anything. 444 is nginx's way to close a connection without an answer.
M.ANSWERS = {
    conflict = { 409, "wait and try again\n" },
    refused = { 500, "add server failed" },
    unavailable = { 503, "" },
    reset = { 444 },
    ["notsync-unapplied"] = { 500 },
}

-- Those that do what was asked, but not quite. dyups.lua knows how.
local OTHERS = { notsync = true, skew = true, slow = true, late = true, cut = true, ["reset-applied"] = true }
local WITH_NUMBER = { slow = true, late = true, cut = true }

-- The kind and its argument, or nil. What the test itself looks at is never spoilt.
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

-- The control server: POST /fault?count=N&kind=K&pattern=P orders one, DELETE /fault takes all back.
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
