-- SPDX-License-Identifier: MIT
--
-- The traffic: which server of an upstream takes a request. Always round robin by weight, whatever method the upstream asks
-- for, and the next server where one can't be reached; a server that failed max_fails times rests for fail_timeout.
-- The counters are kept in the server's own table, so a POST starts them anew.

local balancer = require "ngx.balancer"
local dyups = require "dyups"

local M = {}

local function usable(server, tried, backup)
    return server.backup == backup and server.down == 0 and not tried[server] and (server.rests or 0) <= ngx.now()
end

-- Smooth weighted round robin; backup servers only when nothing else is left.
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

-- In the rewrite phase, where an answer of 502 can still be given: the servers and the first of them.
function M.begin(name)
    local servers, tried = dyups.servers(name), {}
    local server = servers and pick(servers, tried)
    if not server then
        return ngx.exit(502)
    end
    ngx.ctx.servers, ngx.ctx.tried, ngx.ctx.server = servers, tried, server
end

-- In the balancer, once per attempt: nginx grants one, and another only as long as there is a server left for it.
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
