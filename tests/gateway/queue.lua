-- SPDX-License-Identifier: MIT
--
-- The shared queue through which a worker tells the others what it has changed, and the lock around it.
--
-- Messages are alone in their dictionary, so that its size is the queue's size: nginx's own allocator decides what fits,
-- as it does for dyups. Both dictionaries survive a reload, so every key carries the number of the cycle. What a worker
-- has read stands there under its number, not its pid: a worker that comes back after a crash reads on where it died.

local messages, shared = ngx.shared.queue, ngx.shared.gateway

local M = {}

-- Called once per configuration, in the master.
function M.init()
    M.cycle = shared:incr("cycle", 1, 0)
end

local function key(what)
    return M.cycle .. "/" .. what
end

-- The new workers serve: what the old ones left can go.
function M.forget_other_cycles()
    for _, name in ipairs(messages:get_keys(0)) do
        if name:sub(1, #key("")) ~= key("") then
            messages:delete(name)
        end
    end
end

-- Runs work() alone among all workers. It must not sleep. The lock of a worker that was killed inside goes after 5 s.
function M.locked(work)
    while not shared:add("lock", true, 5) do
        ngx.sleep(0.001)
    end
    local done, first, second = pcall(work)
    shared:delete("lock")
    if not done then
        error(first, 0)
    end
    return first, second
end

local function place(worker)
    return shared:get(key("read by " .. worker)) or 0
end

local function drop_what_all_have_read()
    local least = math.huge
    for worker = 0, ngx.worker.count() - 1 do
        least = math.min(least, place(worker))
    end
    for number = (shared:get(key("dropped")) or 0) + 1, least do
        messages:delete(key(number))
        shared:set(key("dropped"), number)
    end
end

-- Only inside locked(): hands what this worker has not read to apply(method, name, body).
function M.read(apply)
    local last, me = shared:get(key("last")) or 0, ngx.worker.id()
    for number = place(me) + 1, last do
        local message = messages:get(key(number))
        if message then -- a worker that is on its way out reads what the new ones may have dropped
            local method, name, body = message:match("^(%u+) (%S+) (.*)$")
            apply(method, ngx.unescape_uri(name), body)
        end
    end
    shared:set(key("read by " .. me), last)
    drop_what_all_have_read()
end

-- Only inside locked() and after read(): true, or false where there is no room.
function M.send(method, name, body)
    if ngx.worker.exiting() then
        return true -- a reload runs: nobody will ever read it, and the caller's 200 is worth nothing, as with dyups
    end
    local number = (shared:get(key("last")) or 0) + 1
    if not messages:safe_set(key(number), method .. " " .. ngx.escape_uri(name) .. " " .. body) then
        return false
    end
    shared:set(key("last"), number)
    shared:set(key("read by " .. ngx.worker.id()), number)
    return true
end

return M
