-- SPDX-License-Identifier: MIT
--
-- The shared queue through which a worker tells the others its changes, and the lock around it.
--
-- Messages have their own dictionary, so its size is the size of the queue: nginx's allocator decides what fits, as for
-- dyups. Both dictionaries survive a reload, so every key contains the number of the cycle. A worker's position is stored
-- under its number, not its pid, so the worker that replaces a dead one continues from the same position.

local messages, shared = ngx.shared.queue, ngx.shared.gateway

local M = {}

-- Runs in the master, once per configuration.
function M.init()
    M.cycle = shared:incr("cycle", 1, 0)
end

local function key(what)
    return M.cycle .. "/" .. what
end

-- Runs when the new workers start. Deletes the messages of earlier cycles.
function M.forget_other_cycles()
    for _, name in ipairs(messages:get_keys(0)) do
        if name:sub(1, #key("")) ~= key("") then
            messages:delete(name)
        end
    end
end

-- Runs work() while no other worker does. It must not sleep. If a worker is killed inside, its lock expires after 5 s.
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

-- Only inside locked(): passes each message that this worker has not read to apply(method, name, body).
function M.read(apply)
    local last, me = shared:get(key("last")) or 0, ngx.worker.id()
    for number = place(me) + 1, last do
        local message = messages:get(key(number))
        if message then -- for a worker that shuts down, the new workers may have deleted the message
            local method, name, body = message:match("^(%u+) (%S+) (.*)$")
            apply(method, ngx.unescape_uri(name), body)
        end
    end
    shared:set(key("read by " .. me), last)
    drop_what_all_have_read()
end

-- Only inside locked() and after read(): returns false if the queue is full.
function M.send(method, name, body)
    if ngx.worker.exiting() then
        return true -- during a reload no worker will read the message, and the caller's 200 means nothing, as with dyups
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
