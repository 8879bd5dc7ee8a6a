-- SPDX-License-Identifier: MIT
--
-- The part of nginx's configuration syntax that upstreams need: bodies of POSTs, and the files that nginx includes.
-- An upstream is { name =, servers = { { address =, weight =, ... }, ... } }. Mistakes call error() with nginx's reason.

local ffi = require "ffi"

ffi.cdef [[
int inet_pton(int family, const char *text, void *address);
const char *inet_ntop(int family, const void *address, char *text, unsigned size);
]]
local AF_INET, AF_INET6 = 2, 10
local binary, printed = ffi.new("char[16]"), ffi.new("char[64]")

local M = {}

-- Words and marks in the order of the text. A mark is a table, so that it differs from a quoted word.
local MARKS = { [";"] = { ";" }, ["{"] = { "{" }, ["}"] = { "}" } }

local function read_tokens(text)
    local tokens, count, at = {}, 0, 1
    while true do
        local from, word, stop = text:match("^[ \t\r\n]*()([^ \t\r\n;{]*)()", at)
        local first = text:sub(from, from)
        at = stop
        if first == "" then
            return tokens
        elseif first == "#" then
            at = text:find("\n", from, true) or #text + 1
        else
            if MARKS[first] then
                word = MARKS[first]
                at = from + 1
            elseif first == '"' or first == "'" then
                local close = text:find(first, from + 1, true) or error("unexpected end of parameter", 0)
                word = text:sub(from + 1, close - 1)
                at = close + 1
                if not text:find("^[%s;{]", at) then
                    error("unexpected text after a quote", 0)
                end
            end
            count = count + 1
            tokens[count] = word
        end
    end
end

-- Reads directives from tokens[at]: a list of lists of words, with .block if the directive has one. If inside is true, it ends at the
-- closing brace.
local function read_directives(tokens, at, inside)
    local directives, words = {}, {}
    while tokens[at] do
        local token = tokens[at]
        at = at + 1
        if type(token) == "string" then
            words[#words + 1] = token
        elseif token[1] == "}" then
            if not inside or #words > 0 then
                error('unexpected "}"', 0)
            end
            return directives, at
        elseif #words == 0 then
            error('unexpected "' .. token[1] .. '"', 0)
        else
            if token[1] == "{" then
                words.block, at = read_directives(tokens, at, true)
            end
            directives[#directives + 1] = words
            words = {}
        end
    end
    if inside or #words > 0 then
        error("unexpected end of file", 0)
    end
    return directives
end

local function number(text)
    return text:find("^%d+$") and tonumber(text) or error("invalid number " .. text, 0)
end

local UNITS = { [""] = 1, s = 1, m = 60, h = 3600, d = 86400, w = 604800, M = 2592000, y = 31536000 }

-- Converts nginx's time to whole seconds: 10, 10s, 1m, 1h30m. It does not check the order of the units.
local function seconds(text)
    local sum = 0
    local rest = text:gsub("(%d+)(%a?) ?", function(count, unit)
        sum = sum + count * (UNITS[unit] or error("invalid time " .. text, 0))
        return ""
    end)
    if text == "" or rest ~= "" then
        error("invalid time " .. text, 0)
    end
    return sum
end

-- For directives that also accept milliseconds. The value is not used.
local function milliseconds(text)
    return text:find("^%d+ms$") and 0 or seconds(text)
end

local function normalised(family, host)
    if ffi.C.inet_pton(family, host, binary) == 1 then
        return ffi.string(ffi.C.inet_ntop(family, binary, printed, 64))
    end
end

-- "10.0.0.1" to "10.0.0.1:80", "[::0001]:81" to "[::1]:81". The only host name is localhost: a real nginx would ask the
-- system's resolver, and a test must not depend on that.
local function address(text)
    if text:find("^unix:/") then
        return text
    end
    local host, port = text:match("^(%[.*%])(.*)$")
    if not host then
        host, port = text:match("^([^:]+)(.*)$")
    end
    port = number(port == "" and "80" or port and port:match("^:(.+)$") or "none")
    if port < 1 or port > 65535 then
        error("invalid port in upstream " .. text, 0)
    end
    if host:lower() == "localhost" then
        host = "127.0.0.1"
    end
    local ipv6 = host:match("^%[(.*)%]$")
    if ipv6 then
        ipv6 = normalised(AF_INET6, ipv6)
        host = ipv6 and "[" .. ipv6 .. "]"
    else
        host = normalised(AF_INET, host)
    end
    return (host or error("host not found in upstream " .. text, 0)) .. ":" .. port
end

local PARAMETERS = {
    weight = function(text)
        local weight = number(text)
        return weight > 0 and weight or error("invalid weight", 0)
    end,
    max_conns = number,
    max_fails = number,
    fail_timeout = seconds,
}

-- "weight=2" to { "weight", 2 }, "down" to { "down", 1 }.
local function parameter(text)
    local key, value = text:match("^([%a_]+)=(.*)$")
    if PARAMETERS[key] then
        return { key, PARAMETERS[key](value) }
    end
    return (text == "down" or text == "backup") and { text, 1 } or error("invalid parameter " .. text, 0)
end

M.address = address

local function read_server(words, upstream)
    local server = { address = address(words[2] or error("invalid number of arguments", 0)), word = words[2],
        weight = 1, max_conns = 0, max_fails = 1, fail_timeout = 10, backup = 0, down = 0 }
    for i = 3, #words do
        local text = words[i]
        if text == "backup" and upstream.no_backup then
            error("invalid parameter backup", 0)
        end
        local read = upstream.parameters[text] or parameter(text)
        upstream.parameters[text] = read -- most servers have the same few
        server[read[1]] = read[2]
    end
    upstream.servers[#upstream.servers + 1] = server
end

-- A balancing method: the arguments that it may have, as patterns, and whether it forbids backup servers.
local function method(allowed, no_backup)
    return function(words, upstream)
        local arguments, known = table.concat(words, " ", 2), false
        for _, pattern in ipairs(allowed) do
            known = known or arguments:find("^" .. pattern .. "$")
        end
        upstream.no_backup = no_backup
        return known or error("invalid parameter " .. arguments, 0)
    end
end

-- A directive that may appear once in a block.
local function once(check)
    return function(words, upstream)
        if upstream[words[1]] then
            error(words[1] .. " is duplicate", 0)
        end
        if #words ~= 2 then
            error("invalid number of arguments", 0)
        end
        upstream[words[1]] = check(words[2])
    end
end

-- Each function gets the words and the upstream. Balancing methods are parsed, but have no effect: see balance.lua.
local DIRECTIVES = {
    server = read_server,
    least_conn = method({ "" }),
    ip_hash = method({ "" }, true),
    random = method({ "", "two", "two least_conn" }, true),
    -- nginx accepts 0 since 1.29.7.
    keepalive = once(function(text)
        return text ~= "0" and number(text) or error("invalid value 0", 0)
    end),
    keepalive_timeout = once(milliseconds),
    keepalive_time = once(milliseconds),
    keepalive_requests = once(number),
}

-- Reads the directives of a file, which an include names.
local function read_included(path)
    local file = io.open(path) or error("no such file " .. path, 0)
    local text = file:read("*a")
    file:close()
    return (read_directives(read_tokens(text), 1))
end

-- Makes an upstream from directives. lenient ignores unknown directives and follows includes: it is for files, which nginx's own
-- parser has already accepted.
local function read_into(upstream, directives, lenient)
    for _, words in ipairs(directives) do
        local read = DIRECTIVES[words[1]]
        if read and not words.block then
            read(words, upstream)
        elseif lenient and words[1] == "include" then
            read_into(upstream, read_included(words[2]), true)
        elseif not lenient then
            error("unknown directive " .. words[1], 0)
        end
        upstream.zone = upstream.zone or words[1] == "zone"
    end
end

local function read_upstream(name, directives, lenient)
    local upstream, usable = { name = name, servers = {}, parameters = {} }, false
    read_into(upstream, directives, lenient)
    upstream.parameters = nil
    for _, server in ipairs(upstream.servers) do
        usable = usable or server.backup == 0
    end
    return usable and upstream or error("no servers in upstream " .. name, 0)
end

function M.from_body(name, body)
    return read_upstream(name, (read_directives(read_tokens(body), 1)))
end

-- Returns all upstreams of a file in order, or none if there is no file.
function M.from_file(path)
    local file, upstreams = io.open(path), {}
    if file then
        for _, words in ipairs((read_directives(read_tokens(file:read("*a")), 1))) do
            if words[1] == "upstream" then
                upstreams[#upstreams + 1] = read_upstream(words[2], words.block, true)
            end
        end
        file:close()
    end
    return upstreams
end

return M
