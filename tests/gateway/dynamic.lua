-- SPDX-License-Identifier: MIT
--
-- The interface of ngx_dynamic_upstream, with one state in shared memory for all workers. An entry is an upstream that a file
-- declares: zone (whether it has one), single, and the servers in order, first those that are not backups.

local fault = require "fault"
local queue = require "queue"
local upstream = require "upstream"

local shared = ngx.shared.gateway

local M = {}

local NUMBERS = { "weight", "max_fails", "fail_timeout", "max_conns" }
local FIELDS = { "word", "address", "weight", "max_fails", "fail_timeout", "max_conns", "backup", "down" }
local OWN = "0.0.0.0:1" -- the module's own placeholder

-- ---- the state ----

local function write(name, entry)
    local lines = { (entry.zone and "zone" or "-") .. (entry.single and " single" or "") }
    for _, server in ipairs(entry.servers) do
        local words = {}
        for i, field in ipairs(FIELDS) do
            words[i] = server[field]
        end
        lines[#lines + 1] = table.concat(words, " ")
    end
    local version = shared:incr("version", 1, 0)
    assert(shared:set("upstream " .. name, version .. "\n" .. table.concat(lines, "\n")))
end

local function read(name)
    local text = shared:get("upstream " .. name)
    if not text then
        return
    end
    local version, zone, rest = text:match("^(%d+)\n([^\n]*)\n?(.*)$")
    local entry = { version = version, zone = zone:find("zone") ~= nil, single = zone:find("single") ~= nil, servers = {} }
    for line in rest:gmatch("[^\n]+") do
        local server, i = {}, 0
        for word in line:gmatch("%S+") do
            i = i + 1
            server[FIELDS[i]] = i <= 2 and word or tonumber(word)
        end
        entry.servers[#entry.servers + 1] = server
    end
    return entry
end

-- Runs in the master, once per configuration: like nginx, it forgets what was changed.
function M.init(...)
    for _, key in ipairs(shared:get_keys(0)) do
        if key:find("^upstream ") then
            shared:delete(key)
        end
    end
    for _, path in ipairs({ ... }) do
        for _, entry in ipairs(upstream.from_file(path)) do
            local primary, backups = {}, {}
            for _, server in ipairs(entry.servers) do
                local list = server.backup == 1 and backups or primary
                list[#list + 1] = server
            end
            entry.single = #primary == 1 and #backups == 0
            entry.servers = primary
            for _, server in ipairs(backups) do
                primary[#primary + 1] = server
            end
            write(entry.name, entry)
        end
    end
end

-- ---- changing ----

local function is_own(word)
    return word:sub(1, 7) == OWN:sub(1, 7)
end

local function count(entry, backup)
    local number = 0
    for _, server in ipairs(entry.servers) do
        number = number + (server.backup == backup and 1 or 0)
    end
    return number
end

local function insert(entry, server)
    local before = count(entry, server.backup)
    table.insert(entry.servers, server.backup == 1 and count(entry, 0) + 1 or 1, server)
    if server.backup == 0 then
        entry.single = before == 0
    end
end

local function new_server(entry, word, address, values)
    local first, server = entry.servers[1], { word = word, address = address, backup = values.backup, down = values.down or 0 }
    server.weight = values.weight or 1
    for i = 2, #NUMBERS do
        server[NUMBERS[i]] = values[NUMBERS[i]] or first[NUMBERS[i]]
    end
    return server
end

-- Removes all servers with this word or address. Returns whether it removed one.
local function remove(entry, word)
    local removed = false
    local i = 1
    while i <= #entry.servers do
        local server = entry.servers[i]
        if server.word ~= word and server.address ~= word then
            i = i + 1
        elseif entry.single and server.backup == 0 then
            if server.word == OWN then
                return removed
            end
            insert(entry, new_server(entry, OWN, OWN, { backup = 0, down = 1 }))
            i = 1
        else
            table.remove(entry.servers, i)
            removed = true
            if server.backup == 0 then
                entry.single = count(entry, 0) == 1
            end
        end
    end
    return removed
end

-- Returns the address that nginx makes of a word, or nil and the answer.
local function address_of(word)
    if word:find("^unix:/") then
        return word
    end
    local port = word:match("^%[.*%]:(.*)$") or word:match("^[^%[:]*:(.*)$")
    if port and not (port:find("^%d+$") and tonumber(port) >= 1 and tonumber(port) <= 65535) then
        return nil, 500, "invalid port"
    end
    local host = word:match("^(%[.*%])") or word:match("^[^:]*")
    if host:lower() ~= "localhost" then
        local done, address = pcall(upstream.address, word)
        if done then
            return address
        end
    end
    if word:find("^%[") then
        return nil, 500, "invalid IPv6 address"
    end
    return nil, 400, "domain names are supported only for upstreams with 'dns_update' directive"
end

local function add(entry, word, values, ipv6)
    local address, status, text = address_of(word)
    if not address then
        return status, text
    end
    if address:find("^%[") and not ipv6 then
        return 304
    end
    for _, server in ipairs(entry.servers) do
        if server.word == word and (server.address == address or is_own(address)) then
            if server.backup ~= values.backup then
                return 412, "can't change server type (primary<->backup)"
            end
            return 304
        end
    end
    local empty = entry.single and is_own(entry.servers[1].word)
    insert(entry, new_server(entry, word, address, values))
    if empty and not entry.single then
        remove(entry, OWN)
    end
    return 200
end

local function update(entry, word, values)
    for _, server in ipairs(entry.servers) do
        if server.word == word or server.address == word then
            for _, field in ipairs({ "weight", "max_fails", "fail_timeout", "max_conns", "down" }) do
                server[field] = values[field] or server[field]
            end
            return 200
        end
    end
    return 400, "server or peer is not found"
end

-- ---- requests ----

local function has(name)
    return ngx.var["arg_" .. name] ~= nil
end

-- Returns what a request sets, or nil and the answer.
local function values_of()
    local values, any = { backup = has("backup") and 1 or 0 }, false
    for _, name in ipairs(NUMBERS) do
        local text = ngx.var["arg_" .. name]
        if text and not text:find("^%d+$") then
            return nil, name .. ": not a number"
        end
        values[name] = text and tonumber(text)
        any = any or text
    end
    if has("up") or has("down") then
        values.down, any = has("down") and 1 or 0, true
    end
    values.any = any
    return values
end

local function print_servers(entry, verbose)
    local lines = {}
    for _, server in ipairs(entry.servers) do
        local numbers = verbose and (" weight=%d max_fails=%d fail_timeout=%d max_conns=%d conns=0"):format(server.weight,
            server.max_fails, server.fail_timeout, server.max_conns) or ""
        lines[#lines + 1] = ("server %s addr=%s%s%s%s;\n"):format(server.word, server.address, numbers,
            server.down == 1 and " down" or "", server.backup == 1 and " backup" or "")
    end
    return table.concat(lines):sub(1, 32 * 4096)
end

local function carry_out(name, word, values)
    local entry = read(name)
    if not entry then
        return 404, "upstream is not found"
    elseif not entry.zone then
        return 501, "only for upstream with 'zone'"
    end
    local status, text = 200, nil
    if has("add") then
        status, text = add(entry, word, values, has("ipv6"))
    elseif has("remove") then
        status = remove(entry, word) and 200 or 304
    elseif values.any then
        status, text = update(entry, word, values)
    end
    if status == 200 then
        write(name, entry)
        text = print_servers(entry, values.any or has("verbose"))
    end
    return status, text
end

local function serve()
    if ngx.req.get_method() ~= "GET" then
        return 405, "only GET allowed"
    end
    local name, word = ngx.var.arg_upstream, ngx.var.arg_server
    if not name then
        return 400, "upstream required"
    end
    local values, reason = values_of()
    if not values then
        return 400, reason
    elseif has("add") and has("remove") then
        return 400, "add and remove at once are not allowed"
    elseif has("up") and has("down") then
        return 400, "down and up at once are not allowed"
    elseif not word and (has("add") or has("remove")) then
        return 400, "'server' argument required"
    end
    return queue.locked(function() return carry_out(name, word, values) end)
end

local function answer(status, text)
    if status == 444 then
        return ngx.exit(444)
    end
    ngx.status = status
    if status ~= 304 then
        ngx.header["Content-Length"] = #text
        ngx.print(text)
    end
end

function M.handle()
    local kind, argument = fault.take(ngx.req.get_method() .. " " .. ngx.var.request_uri)
    local fault_answer = fault.ANSWERS[kind]
    if fault_answer then
        return answer(fault_answer[1], fault_answer[2] or "")
    elseif kind == "full" then
        return answer(500, "no shared memory")
    elseif kind == "gone" then
        return answer(400, "server or peer is not found")
    elseif kind == "unchanged" then
        return answer(304)
    elseif kind == "slow" then
        ngx.sleep(tonumber(argument))
    end
    local status, text = serve()
    answer(kind == "reset-applied" and 444 or status, text)
end

-- ---- traffic ----

local kept = {} -- by name: the version, and the servers with this worker's counters

-- The servers for traffic to this name. As in nginx, a server that is marked as single is the only one that is tried.
function M.servers(name)
    local entry, old = read(name), kept[name]
    if not entry then
        return
    end
    if old and old.version == entry.version then
        return old.usable
    end
    local counters = {}
    for _, server in ipairs(old and old.servers or {}) do
        counters[server.address .. server.backup] = server
    end
    entry.usable = {}
    for i, server in ipairs(entry.servers) do
        local before = counters[server.address .. server.backup] or {}
        server.fails, server.rests, server.current = before.fails, before.rests, before.current
        if not entry.single or i == 1 or entry.servers[1].down == 1 then
            entry.usable[#entry.usable + 1] = server
        end
    end
    kept[name] = entry
    return entry.usable
end

return M
