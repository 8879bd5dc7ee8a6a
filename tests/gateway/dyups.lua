-- SPDX-License-Identifier: MIT
--
-- The dyups interface as in Tengine 3.2.0. Each worker has its own state, and learns of changes that other workers made
-- from the queue, which it reads on a timer and before each request that it answers.

local fault = require "fault"
local queue = require "queue"
local upstream = require "upstream"

local M = {}

-- This worker's upstreams, by name in lower case, because dyups compares names without case. added numbers them, for a
-- stable order; sorted is the sorted list, or nil after a change.
local upstreams, added, sorted = {}, 0, nil

local function put(entry)
    added = added + 1
    entry.added = added
    upstreams[entry.name:lower()] = entry
    sorted = nil
end

local function remove(name)
    upstreams[name:lower()] = nil
    sorted = nil
end

local function find(name)
    return upstreams[name:lower()]
end

-- The servers for traffic to this name. Unlike the interface, Tengine's traffic finds an upstream only under its last name, in
-- the same case.
function M.servers(name)
    local entry = find(name)
    return entry and entry.name == name and entry.servers
end

-- Runs in the master, once per configuration. Workers are forked with the result, including one that replaces a dead worker.
function M.init(...)
    queue.init()
    for _, path in ipairs({ ... }) do
        for _, entry in ipairs(upstream.from_file(path)) do
            put(entry)
        end
    end
end

local function apply(method, name, body)
    if method == "POST" then
        put(upstream.from_body(name, body))
    else
        remove(name)
    end
end

local function read_queue()
    queue.locked(function() queue.read(apply) end)
end

function M.init_worker(read_timeout)
    local count, unit = read_timeout:match("^(%d+)(%a*)$")
    queue.forget_other_cycles()
    ngx.timer.every(count * ({ ms = 0.001, s = 1, m = 60, h = 3600 })[unit], function(premature)
        if not premature then
            read_queue()
        end
    end)
end

local NOT_SYNC = {
    POST = "alert: update success but not sync to other process",
    DELETE = "alert: delte success but not sync to other process",
}

-- Changes this worker, and tells the others with send. Returns the status and text of the answer.
local function change(method, name, body, send)
    return queue.locked(function()
        queue.read(apply)
        if method == "DELETE" and not find(name) then
            return 404, "not found uptream"
        end
        local done, reason = pcall(apply, method, name, body)
        if not done then
            ngx.log(ngx.ERR, reason)
            return 500, "add server failed"
        end
        if not send(method, name, body) then
            return 500, NOT_SYNC[method]
        end
        return 200, "success"
    end)
end

local function in_order()
    if sorted then
        return sorted
    end
    sorted = {}
    for _, entry in pairs(upstreams) do
        sorted[#sorted + 1] = entry
    end
    table.sort(sorted, function(a, b) return a.added < b.added end)
    return sorted
end

-- Cached for each upstream, so that it is about as fast as a real dyups.
local function detail_of(entry)
    if not entry.detail then
        local lines = { entry.name }
        for _, server in ipairs(entry.servers) do
            lines[#lines + 1] = ("server %s weight=%d max_conns=%d max_fails=%d fail_timeout=%d backup=%d down=%d"):format(
                server.address, server.weight, server.max_conns, server.max_fails, server.fail_timeout, server.backup,
                server.down)
        end
        entry.detail = table.concat(lines, "\n") .. "\n\n"
    end
    return entry.detail
end

local SHOW = {}

function SHOW.list()
    local lines = {}
    for _, entry in ipairs(in_order()) do
        lines[#lines + 1] = entry.name .. "\n"
    end
    return lines
end

function SHOW.detail()
    local lines = {}
    for _, entry in ipairs(in_order()) do
        lines[#lines + 1] = detail_of(entry)
    end
    return lines
end

function SHOW.upstream(path)
    local entry, lines = #path == 2 and find(path[2]), {}
    for _, server in ipairs(entry and entry.servers or {}) do
        lines[#lines + 1] = "server " .. server.address .. "\n"
    end
    return entry and lines
end

local function get(path)
    read_queue()
    local show = SHOW[(path[1] or ""):lower()]
    local lines = show and show(path)
    if #path == 0 then
        return ngx.exit(404) -- the only answer with nginx's own page
    end
    if not lines then
        return 404, ""
    end
    local text = table.concat(lines)
    return text == "" and 204 or 200, text
end

-- The status for a wrong path. A POST without a body is not checked for that.
local WRONG_PATH = { POST = 404, DELETE = 405 }

local function serve(method, path, body, send)
    if method == "GET" then
        return get(path)
    end
    if not WRONG_PATH[method] then
        return 405, ""
    end
    local headers = ngx.req.get_headers()
    if method == "POST" and not headers["Content-Length"] and not headers["Transfer-Encoding"] then
        return 204, ""
    end
    if #path ~= 2 then
        return WRONG_PATH[method], "not support this interface"
    end
    if path[1]:lower() ~= "upstream" then
        return WRONG_PATH[method], "not support this api"
    end
    return change(method, path[2], body, send)
end

local function answer(status, text)
    if status == 444 then
        return ngx.exit(444)
    end
    ngx.status = status
    if status ~= 204 then
        ngx.header["Content-Length"] = #text
        ngx.print(text)
    end
end

-- A body that did not fit into memory is in a file; the fault cut applies only to bodies in memory.
local function body_of_request(cut)
    local path = ngx.req.get_body_file()
    if not path then
        return (ngx.req.get_body_data() or ""):sub(1, cut or -1)
    end
    local file = assert(io.open(path))
    local body = file:read("*a")
    file:close()
    return body
end

local function lose_silently() return true end
local function report_full_queue() return false end

function M.handle()
    ngx.req.read_body()
    local method, path = ngx.req.get_method(), {}
    for segment in ngx.var.uri:gmatch("[^/]+") do
        path[#path + 1] = segment
    end

    local kind, argument = fault.take(method .. " " .. ngx.var.request_uri)
    local fault_answer = fault.ANSWERS[kind]
    if fault_answer then
        return answer(fault_answer[1], fault_answer[2] or NOT_SYNC[method] or "")
    end
    if kind == "slow" then
        ngx.sleep(tonumber(argument))
    end
    local send = kind == "skew" and lose_silently or kind == "notsync" and report_full_queue or queue.send
    local status, text = serve(method, path, body_of_request(kind == "cut" and argument), send)
    if kind == "late" then
        ngx.sleep(tonumber(argument))
    end
    answer(kind == "reset-applied" and 444 or status, text)
end

return M
