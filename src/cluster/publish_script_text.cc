#include "cluster/publish_script_text.h"

#include <string_view>

// What Redis keeps for it, P being the prefix:
//
//   P#relay:state          hash    epoch, start (its numbers are above), number (the last one given), run
//   P#relay:batch:<uid>    string  "<batch> ", and behind it what is told if the batch is run again; nothing
//   there:
//                                  that is not known
//   P#relay:nonce:<nonce>  string  fingerprint, epoch, number, stream id, note (MessagePack)
//   P#relay:nonces         hash    total; until, the earliest of the times below; time in ms -> how many
//                                  nonces are forgotten by then
//   P                      stream  with the adapter `streams`
//
// Redis undoes nothing that a script has done, so the order is the design. The first write is one that may be
// refused (no memory, a replica, a disk that is full, too few replicas, no right to it), and nothing is done
// then; Redis refuses no later write for such a reason. What can still fail is the right to a command, a key
// or a channel, and the type of a key: each command is a pcall, and what stands before it is taken back.
//
// What is told of the batch is written first, as if all of it were published, and again only if that was not
// so: one write for nearly all batches. Should the script itself break midway, it is told that nobody knows,
// and the numbers it might have given are used up: nothing is given or handed on twice.
//
// Lua's numbers are doubles: exact below 2^53.

namespace relay {
namespace {

constexpr std::string_view head = R"lua(
local state_key, marker_key = KEYS[1], KEYS[2]
local batch, candidate, run, broken_epoch, numbers_above = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local messages_count, stride = tonumber(ARGV[6]), tonumber(ARGV[7])  -- arguments of one message

local number_max = 9007199254740991
local marker_lifetime = '600000'

local epoch, number, start = '', nil, nil

-- Before Redis 7 a line number may stand in front of the words.
local function words_of(reply)
  local words = string.gsub(reply.err, '^@user_script: ?%d+: ?', '')
  words = string.gsub(words, '^@user_script: ?%d+: ?', '')
  words = string.gsub(words, '^%-', '')
  words = string.gsub(words, '%s+$', '')
  return words
end

-- The answer, or nil and the words of Redis.
local function try(...)
  local reply = redis.pcall(...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  return nil, words_of(reply)
end

-- Of digits only: tonumber would take '0x10' and 'nan' as well.
local function natural(text)
  return text and #text <= 16 and string.find(text, '^%d+$') and tonumber(text)
end

local function decimal(value)
  return string.format('%.0f', value)
end

local function now_ms()
  local time, words = try('TIME')
  if words then return nil, words end
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
)lua";

constexpr std::string_view nonces = R"lua(
local book_key, next_nonce_key = KEYS[first_free_key], first_free_key + 1
local nonce_lifetime, nonces_max, nonces_count = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local bucket_width = math.ceil(nonce_lifetime / 64)
first_message_at, stride = 12, stride + 2

-- The book of how many nonces are remembered. Those of one bucket leave it together, when the last is forgotten.
local total, first_end, opened_at, bucket, bucket_count
local nonces_added = 0
local book_error

local function bucket_of(now)
  return (math.floor(now / bucket_width) + 1) * bucket_width + nonce_lifetime
end

local function prolong_book(now, bucket_end)
  local left = try('PTTL', book_key)
  if not left or left < bucket_end - now then
    try('PEXPIRE', book_key, decimal(bucket_end - now + 1000))
  end
end

-- At most some 65 entries for each nonce lifetime in use among the nodes.
local function drop_past_buckets(now)
  local entries, words = try('HGETALL', book_key)
  if words then return words end
  local past = {}
  total, first_end = 0, nil
  for i = 1, #entries, 2 do
    local bucket_end = natural(entries[i])
    if bucket_end and bucket_end <= now then
      if #past < 1000 then past[#past + 1] = entries[i] end
    elseif bucket_end then
      total = total + (natural(entries[i + 1]) or 0)
      first_end = math.min(first_end or bucket_end, bucket_end)
    end
  end
  if #past > 0 then try('HDEL', book_key, unpack(past)) end
end

-- Counts all nonces of the batch, before the first is kept: a count is never too low.
local function try_to_open_book()
  local now, clock_words = now_ms()
  if clock_words then return clock_words end
  opened_at, bucket = now, bucket_of(now)
  local read, words = try('HMGET', book_key, 'total', 'until', decimal(bucket))
  if words then return words end
  total, first_end, bucket_count = natural(read[1]), natural(read[2]), natural(read[3])
  if not total or not first_end or first_end <= now then
    words = drop_past_buckets(now)
    if words then return words end
  end
  local _, refusal = try('HSET', book_key, 'total', decimal(total + nonces_count),
                         'until', decimal(math.min(first_end or bucket, bucket)),
                         decimal(bucket), decimal((bucket_count or 0) + nonces_count))
  if refusal then return refusal end
  if not bucket_count then prolong_book(now, bucket) end
end

open_book = function() book_error = try_to_open_book() end

-- Leaves those in it that were kept. An older Redis lets them live from when they were set and not from when the
-- script began: so they belong to the bucket of the end.
close_book = function()
  if book_error then return end
  local now = now_ms() or opened_at
  local last_bucket = bucket_of(now)
  if last_bucket == bucket then
    if nonces_added == nonces_count then return end
    try('HSET', book_key, 'total', decimal(total + nonces_added),
        decimal(bucket), decimal((bucket_count or 0) + nonces_added))
    return
  end
  local there = natural(try('HGET', book_key, decimal(last_bucket))) or 0
  try('HSET', book_key, 'total', decimal(total + nonces_added), decimal(bucket), decimal(bucket_count or 0),
      decimal(last_bucket), decimal(there + nonces_added))
  prolong_book(now, last_bucket)
end

-- Of the message whose arguments begin there; it may have none.
nonce_at = function(at)
  if ARGV[at] == '' then return nil end
  local nonce = {key = KEYS[next_nonce_key], fingerprint = ARGV[at], note = ARGV[at + 1]}
  next_nonce_key = next_nonce_key + 1
  return nonce
end

-- What a message with this nonce is answered without being published, or nil.
verdict_on = function(nonce)
  local kept, words = try('GET', nonce.key)
  if words then return {'refused', words} end
  if kept then
    local is_ours, record = pcall(cmsgpack.unpack, kept)
    if not is_ours or type(record) ~= 'table' or #record ~= 5 then
      return {'refused', 'ERR the nonce\'s key is in use for something else'}
    end
    if record[1] ~= nonce.fingerprint then return {'conflict'} end
    return {'seen', record[2], record[3], record[4], record[5]}
  end
  if book_error then return {'refused', book_error} end
  if total + nonces_added >= nonces_max then return {'full'} end
end

-- The words of Redis if it is not kept.
remember = function(nonce, stream_id)
  local record = cmsgpack.pack({nonce.fingerprint, epoch, number + 1, stream_id, nonce.note})
  local _, words = try('SET', nonce.key, record, 'PX', decimal(nonce_lifetime))
  if not words then nonces_added = nonces_added + 1 end
  return words
end

forget = function(nonce)
  local _, words = try('DEL', nonce.key)
  -- Without the right to delete.
  if words then try('SET', nonce.key, '', 'PX', '1') end
  nonces_added = nonces_added - 1
end
)lua";

// Of both adapters: hand_on() takes the message whose arguments begin there, and says the words of Redis if
// it does not; first_free_key is behind the keys that every batch has.

constexpr std::string_view pubsub = R"lua(
local first_free_key, first_message_at = 3, 9
local open_book, close_book, nonce_at, verdict_on, remember, forget

-- The nonce first: what was published cannot be called back.
local function hand_on(at, nonce)
  if nonce then
    local words = remember(nonce, '')
    if words then return words end
  end
  local given = number + 1
  local number_bytes = struct.pack('>I4I4', math.floor(given / 4294967296), given % 4294967296)
  local reply = redis.pcall('PUBLISH', ARGV[at], ARGV[at + 1] .. number_bytes)
  if type(reply) == 'table' then
    if nonce then forget(nonce) end
    return words_of(reply)
  end
  number = given
end
)lua";

constexpr std::string_view streams = R"lua(
local stream_key, stream_length_max = KEYS[3], ARGV[8]
local first_free_key, first_message_at = 4, 9
local open_book, close_book, nonce_at, verdict_on, remember, forget
local fields_count = stride

-- The entry first, because its id is remembered with the nonce. Nobody reads the stream before the script ends, not
-- even who waits for it: so the entry can be called back. Who waits may be woken for nothing then.
local function hand_on(at, nonce)
  local id, words = try('XADD', stream_key, 'MAXLEN', '~', stream_length_max, '*', 'p', decimal(number + 1),
                        unpack(ARGV, at, at + fields_count - 1))
  if words then return words end
  if nonce then
    words = remember(nonce, id)
    -- Without the right to delete it stands.
    if words and try('XDEL', stream_key, id) then return words end
  end
  number = number + 1
end
)lua";

constexpr std::string_view tail = R"lua(
-- What is told if all is published, from the number behind `first` on, but for the exceptions: a message's index, and
-- what became of it, in turn.
local function told(first, exceptions)
  return cmsgpack.pack({epoch, start, first, exceptions})
end

local function mark(text)
  return try('SET', marker_key, batch .. ' ' .. text, 'PX', marker_lifetime)
end

-- What is answered to a batch that was run before, or that a later one has overtaken; else nil.
local function answer_of_marker(marker)
  local digits, text = string.match(marker, '^(%d+) (.*)$')
  if not digits then return 'refused ' .. epoch .. ' ERR the batch\'s key is in use for something else' end
  local marked = tonumber(digits)
  if marked < tonumber(batch) then return nil end
  if marked > tonumber(batch) or text == '' then return 'overtaken ' .. epoch end
  return 'repeated ' .. text
end

-- The first writes of all: that the batch has begun, and the epoch with all numbers that it may give.
local function begin(marker, text, state)
  local _, words = mark(text)
  if words then return words end
  _, words = try('HSET', state_key, unpack(state))
  if not words then return nil end
  local restored
  if marker then restored = try('SET', marker_key, marker, 'PX', marker_lifetime) end
  if not restored then try('DEL', marker_key) end
  return words
end

-- The fields of the state to begin with, or nil and the words of an error.
local function enter_epoch(state)
  epoch, number, start = state[1] or '', natural(state[2]), natural(state[4])
  local is_over = not number or not start or epoch == '' or epoch == broken_epoch or (run ~= '' and state[3] ~= run)
  local fields = {}
  if is_over then
    local now, words = now_ms()
    if words then return nil, words end
    epoch = candidate
    number = math.max(now * 1024, tonumber(numbers_above), number or 0)
    start = number
    fields = {'epoch', epoch, 'start', decimal(start), 'run', run}
  end
  if number + messages_count > number_max then return nil, 'ERR there are no numbers left' end
  fields[#fields + 1] = 'number'
  fields[#fields + 1] = decimal(number + messages_count)
  return fields
end

-- What became of those that were not published.
local function hand_on_all()
  local exceptions = {}
  for i = 1, messages_count do
    local at = first_message_at + (i - 1) * stride
    local nonce, verdict
    if nonce_at then
      nonce = nonce_at(at)
      verdict = nonce and verdict_on(nonce)
      at = at + 2
    end
    if not verdict then
      local words = hand_on(at, nonce)
      verdict = words and {'refused', words}
    end
    if verdict then
      exceptions[#exceptions + 1] = i
      exceptions[#exceptions + 1] = verdict
    end
  end
  return exceptions
end

local is_begun = false

local function run_batch()
  local marker, marker_words = try('GET', marker_key)
  if marker_words then return 'refused  ' .. marker_words end
  local state, state_words = try('HMGET', state_key, 'epoch', 'number', 'run', 'start')
  local known_epoch = state and state[1] or ''
  epoch = known_epoch
  local answer = marker and answer_of_marker(marker)
  if answer then return answer end
  if state_words then return 'refused  ' .. state_words end
  local fields, words = enter_epoch(state)
  local text = fields and told(number, {})
  words = words or begin(marker, text, fields)
  if words then return 'refused ' .. known_epoch .. ' ' .. words end

  is_begun = true
  local first, reserved = number, number + messages_count
  if open_book then open_book() end
  local exceptions = hand_on_all()
  if close_book then close_book() end
  if number ~= reserved then try('HSET', state_key, 'number', decimal(number)) end
  if #exceptions > 0 then
    text = told(first, exceptions)
    mark(text)
  end
  return 'done ' .. text
end

-- An error of the script would look like a refusal of Redis, with nothing done.
local is_whole, answer = pcall(run_batch)
if is_whole then return answer end
if is_begun then mark('') end
return 'broken ' .. (type(answer) == 'table' and answer.err or tostring(answer))
)lua";

}  // namespace

std::string publish_script_text(BusAdapter adapter, bool with_nonces) {
  std::string text(head);
  text += adapter == BusAdapter::pubsub ? pubsub : streams;
  if (with_nonces) text += nonces;
  text += tail;
  return text;
}

}  // namespace relay
