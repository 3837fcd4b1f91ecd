// What the server does in one step, as scripts: each asks who owns a message before it touches it, since XACK and XCLAIM don't.
#pragma once

namespace dispytch::redis {

// KEYS: stream, messages, delayed (Records). ARGV[1] is the group, ARGV[2] this member. Every script is atomic at the server.
//
// A field of `messages` is a message's id, its value three words: the attempts that a settlement said, or `-`; how often handling was begun
// to no end; the deliveries so far, which counts while the message waits in `delayed`.

/// ARGV[3...]: ids in rising order. Acknowledges those that this member owns; returns the others.
inline constexpr const char* kAcknowledge = R"lua(
local mine = {}
local rows = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[#ARGV], 4 * #ARGV, ARGV[2])
for _, row in ipairs(rows) do mine[row[1]] = true end
local whole = #rows < 4 * #ARGV
local own, gone = {}, {}
for i = 3, #ARGV do
  local id = ARGV[i]
  if mine[id] or (not whole and #redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2]) > 0) then
    own[#own + 1] = id
  else
    gone[#gone + 1] = id
  end
end
if #own > 0 then
  redis.call('XACK', KEYS[1], ARGV[1], unpack(own))
  redis.call('HDEL', KEYS[2], unpack(own))
end
return gone
)lua";

/// ARGV[3...]: ids in rising order. Tells the server that this member still has them. Returns those that it no longer owns, and those that
/// were trimmed from the stream.
inline constexpr const char* kKeepAlive = R"lua(
local mine = {}
local rows = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[#ARGV], 4 * #ARGV, ARGV[2])
for _, row in ipairs(rows) do mine[row[1]] = true end
local whole = #rows < 4 * #ARGV
local own, gone, trimmed = {}, {}, {}
for i = 3, #ARGV do
  local id = ARGV[i]
  if mine[id] or (not whole and #redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2]) > 0) then
    own[#own + 1] = id
  else
    gone[#gone + 1] = id
  end
end
if #own > 0 then
  local words = {'XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0}
  for _, id in ipairs(own) do words[#words + 1] = id end
  words[#words + 1] = 'IDLE'
  words[#words + 1] = 0
  words[#words + 1] = 'JUSTID'
  local kept = {}
  for _, id in ipairs(redis.call(unpack(words))) do kept[id] = true end
  for _, id in ipairs(own) do if not kept[id] then trimmed[#trimmed + 1] = id end end
end
return {gone, trimmed}
)lua";

/// ARGV[3]: how long a message was idle, in ms, ARGV[4]: where the last scan ended, ARGV[5]: how many at most. Takes what was given back
/// and is due, and what its owner has left idle. Returns {rows of {entry, deliveries, record}, where the scan ended, ids that were trimmed,
/// ms until the next is due or -1}.
inline constexpr const char* kTake = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.ceil(time[2] / 1000)
local rows, trimmed = {}, {}
local most = tonumber(ARGV[5])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, most)) do
  redis.call('ZREM', KEYS[3], id)
  local record = redis.call('HGET', KEYS[2], id) or ''
  local deliveries = tonumber(string.match(record, '(%d+)$') or 0) + 1
  local entries = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'RETRYCOUNT', deliveries, 'FORCE')
  if entries[1] then
    rows[#rows + 1] = {entries[1], deliveries, record}
  else
    trimmed[#trimmed + 1] = id
    redis.call('HDEL', KEYS[2], id)
  end
end
local cursor = ARGV[4]
if #rows < most then
  local claimed = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], cursor, 'COUNT', most - #rows)
  cursor = claimed[1]
  for _, entry in ipairs(claimed[2]) do
    local pending = redis.call('XPENDING', KEYS[1], ARGV[1], entry[1], entry[1], 1)
    rows[#rows + 1] = {entry, pending[1][4], redis.call('HGET', KEYS[2], entry[1]) or ''}
  end
  for _, id in ipairs(claimed[3] or {}) do
    trimmed[#trimmed + 1] = id
    redis.call('HDEL', KEYS[2], id)
  end
end
local first = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
return {rows, cursor, trimmed, first[2] and math.max(0, first[2] - now) or -1}
)lua";

/// ARGV[3...]: ids. Delivers what is pending for this member again: the answer that held it was lost, or its process was. Returns {rows of
/// {entry, deliveries, record}, ids that were trimmed}.
inline constexpr const char* kTakeOwn = R"lua(
local rows, trimmed = {}, {}
for i = 3, #ARGV do
  local id = ARGV[i]
  if #redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2]) > 0 then
    local entries = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id)
    if entries[1] then
      local pending = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1)
      rows[#rows + 1] = {entries[1], pending[1][4], redis.call('HGET', KEYS[2], id) or ''}
    else
      trimmed[#trimmed + 1] = id
      redis.call('HDEL', KEYS[2], id)
    end
  end
end
return {rows, trimmed}
)lua";

/// ARGV[3...]: id, delay in ms, attempts or `-`, and deliveries to note or `-` for those that there were, for each message. Gives back what
/// this member owns; returns the ids of the others.
inline constexpr const char* kGiveBack = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.ceil(time[2] / 1000)
local gone = {}
for i = 3, #ARGV, 4 do
  local id = ARGV[i]
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])
  if #pending == 0 then
    gone[#gone + 1] = id
  else
    local attempts, deliveries = ARGV[i + 2], ARGV[i + 3]
    if attempts ~= '-' then
      deliveries = 0
    else
      local record = redis.call('HGET', KEYS[2], id)
      if record then attempts = string.match(record, '^%S+') end
      if deliveries == '-' then deliveries = pending[1][4] end
    end
    redis.call('HSET', KEYS[2], id, attempts .. ' 0 ' .. deliveries)
    redis.call('ZADD', KEYS[3], now + ARGV[i + 1], id)
    redis.call('XACK', KEYS[1], ARGV[1], id)
  end
end
return gone
)lua";

/// ARGV[3]: 1 or -1, ARGV[4...]: ids. Notes that the handling of what this member owns is about to begin, or takes that back; returns the
/// ids of the others. Where there is one, nothing is noted.
inline constexpr const char* kBegin = R"lua(
local gone = {}
for i = 4, #ARGV do
  if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) == 0 then gone[#gone + 1] = ARGV[i] end
end
if #gone > 0 then return gone end
for i = 4, #ARGV do
  local record = redis.call('HGET', KEYS[2], ARGV[i]) or '- 0 0'
  local attempts, begun, deliveries = string.match(record, '^(%S+) (%d+) (%d+)$')
  redis.call('HSET', KEYS[2], ARGV[i], attempts .. ' ' .. math.max(0, begun + ARGV[3]) .. ' ' .. deliveries)
end
return gone
)lua";

/// ARGV[3...]: id and deliveries to note, for each message. Ends this member: what it owns is for the next member at once, and its name is
/// removed once nothing is pending for it.
inline constexpr const char* kLeave = R"lua(
for i = 3, #ARGV, 2 do
  local id = ARGV[i]
  if #redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2]) > 0 then
    redis.call('XCLAIM', KEYS[1], ARGV[1], 'dispytch:returned', 0, id, 'IDLE', 100000000000, 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
  end
end
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
return {}
)lua";

/// ARGV[2]: the beginning of names, ARGV[3]: ms. Removes the names of members that are idle for so long and have nothing pending.
inline constexpr const char* kTidy = R"lua(
local removed = 0
for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local about = {}
  for i = 1, #row, 2 do about[row[i]] = row[i + 1] end
  if string.sub(about.name, 1, #ARGV[2]) == ARGV[2] and about.pending == 0 and about.idle > tonumber(ARGV[3]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about.name)
    removed = removed + 1
  end
end
return removed
)lua";

/// What waits for a group. Returns {how many entries the group has not read, -1: unknown; how many are pending; how many were given back;
/// the id read last; the id written last; the least id that is pending or given back, empty: none; the first id kept, empty: none}; nothing
/// where there is no such group. Up to a hundred unread entries are counted, since the server's own figure is wrong after some deletions
/// and restarts.
inline constexpr const char* kBacklog = R"lua(
local stream, own = {}, nil
local flat = redis.call('XINFO', 'STREAM', KEYS[1])
for i = 1, #flat, 2 do stream[flat[i]] = flat[i + 1] end
for _, row in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local about = {}
  for i = 1, #row, 2 do about[row[i]] = row[i + 1] end
  if about.name == ARGV[1] then own = about end
end
if not own then return nil end
local last = own['last-delivered-id']
local unread = 0
if last ~= stream['last-generated-id'] then
  unread = #redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', 101)
  if unread > 100 then unread = math.max(own['lag'] or -1, own['lag'] and 101 or -1) end
end
local least = redis.call('XPENDING', KEYS[1], ARGV[1])[2] or ''
local function before(a, b)
  local a1, a2 = string.match(a, '^(%d+)-(%d+)$')
  local b1, b2 = string.match(b, '^(%d+)-(%d+)$')
  if a1 ~= b1 then return #a1 < #b1 or (#a1 == #b1 and a1 < b1) end
  return #a2 < #b2 or (#a2 == #b2 and a2 < b2)
end
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, 999)) do
  if least == '' or before(id, least) then least = id end
end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
return {unread, own.pending, redis.call('ZCARD', KEYS[3]), last, stream['last-generated-id'], least, first and first[1] or ''}
)lua";

/// ARGV[2]: an id. The group, which is made where there is none, goes on behind that id; all that it had not settled is forgotten.
inline constexpr const char* kMove = R"lua(
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
local there = false
for _, row in ipairs(groups) do
  for i = 1, #row, 2 do if row[i] == 'name' and row[i + 1] == ARGV[1] then there = true end end
end
if there then redis.call('XGROUP', 'DESTROY', KEYS[1], ARGV[1]) end
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2])
redis.call('DEL', KEYS[2], KEYS[3])
return 1
)lua";

/// The group and all its records are deleted.
inline constexpr const char* kForget = R"lua(
redis.call('XGROUP', 'DESTROY', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2], KEYS[3])
return 1
)lua";

}  // namespace dispytch::redis
