-- SPDX-License-Identifier: MIT
--
-- The traffic: chooses the server for a request. It is always weighted round robin, whatever method the upstream has. If a server
-- is unreachable, the next one is tried; after max_fails failures a server gets no requests for fail_timeout. The counters
-- are in the server's own table, so a POST resets them.

local balancer = require "ngx.balancer"

local M = {}

local function usable(server, tried, backup)
    return server.backup == backup and server.down == 0 and not tried[server] and (server.rests or 0) <= ngx.now()
end

-- Smooth weighted round robin; backup servers only if no other server is usable.
local function pick(servers, tried)
    for backup = 0, 1 do
        local best, total = nil, 0
        for _, server in ipairs(servers) do
            if usable(server, tried, backup) then
                server.current = (server.current or 0) + server.weight
                total = total + server.weight
                if not best or server.current > best.current then
                    best = server
                end
            end
        end
        if best then
            best.current = best.current - total
            tried[best] = true
            return best
        end
    end
end

local function any_left(servers, tried)
    for _, server in ipairs(servers) do
        if usable(server, tried, 0) or usable(server, tried, 1) then
            return true
        end
    end
    return false
end

local function failed(server, servers)
    server.fails = (server.fails or 0) + 1
    if #servers > 1 and server.max_fails > 0 and server.fails >= server.max_fails then
        server.fails, server.rests = 0, ngx.now() + server.fail_timeout
    end
end

-- Runs in the rewrite phase, which can still answer 502. Stores the servers, which `interface` knows, and the first choice.
function M.begin(name, interface)
    local servers, tried = interface.servers(name), {}
    local server = servers and pick(servers, tried)
    if not server then
        return ngx.exit(502)
    end
    ngx.ctx.servers, ngx.ctx.tried, ngx.ctx.server = servers, tried, server
end

-- Runs in the balancer, once per attempt. nginx makes another attempt only if a usable server is left.
function M.attempt()
    local ctx = ngx.ctx
    if balancer.get_last_failure() then
        failed(ctx.server, ctx.servers)
        ctx.server = pick(ctx.servers, ctx.tried) or ctx.server
    end
    if any_left(ctx.servers, ctx.tried) then
        balancer.set_more_tries(1)
    end
    assert(balancer.set_current_peer(ctx.server.address))
end

return M
