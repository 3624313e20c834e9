#include "cluster/presence_registry.h"

#include <span>
#include <utility>
#include <vector>

#include "base/random.h"

namespace relay {
namespace {

// KEYS[1]: the prefix's own key, from which the others are made. ARGV: operation, uid, lease in ms, then:
//   register  <an id for the data, if it has none>     -> the data's id, 1 if our pairs are still there
//   enter     <1: tell also who was here>, pairs       -> pairs that are new to the cluster
//   leave     pairs                                    -> pairs that are gone from the cluster
//   sweep     <how many>                               -> pairs that are gone with dead nodes
constexpr std::string_view script = R"lua(
local prefix, operation, uid, lease = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local function lives(node) return redis.call('EXISTS', prefix .. 'lease:' .. node) == 1 end
local function here(pair) return prefix .. 'here:' .. pair end

-- Whether nobody but `uid` has the pair; the dead are taken out.
local function is_alone(pair)
  for _, node in ipairs(redis.call('SMEMBERS', here(pair))) do
    if node ~= uid then
      if lives(node) then return false end
      redis.call('SREM', here(pair), node)
    end
  end
  return true
end

local told = {}
if operation == 'register' then
  if redis.call('EXISTS', prefix .. 'here') == 0 then redis.call('SET', prefix .. 'here', ARGV[4]) end
  local was_here = redis.call('SISMEMBER', prefix .. 'nodes', uid)
  redis.call('SET', prefix .. 'lease:' .. uid, '1', 'PX', lease)
  return {redis.call('GET', prefix .. 'here'), was_here}
elseif operation == 'enter' then
  redis.call('SADD', prefix .. 'nodes', uid)
  for i = 5, #ARGV do
    local is_new = redis.call('SADD', here(ARGV[i]), uid) == 1
    redis.call('SADD', prefix .. 'pairs:' .. uid, ARGV[i])
    if (is_new or ARGV[4] == '1') and is_alone(ARGV[i]) then told[#told + 1] = ARGV[i] end
  end
elseif operation == 'leave' then
  for i = 4, #ARGV do
    local was_here = redis.call('SREM', here(ARGV[i]), uid) == 1
    redis.call('SREM', prefix .. 'pairs:' .. uid, ARGV[i])
    if was_here and is_alone(ARGV[i]) then told[#told + 1] = ARGV[i] end
  end
elseif operation == 'sweep' then
  redis.call('SET', prefix .. 'lease:' .. uid, '1', 'PX', lease)
  local left = tonumber(ARGV[4])
  for _, node in ipairs(redis.call('SMEMBERS', prefix .. 'nodes')) do
    if left > 0 and not lives(node) then
      local pairs_key = prefix .. 'pairs:' .. node
      for _ = 1, left do
        local pair = redis.call('SRANDMEMBER', pairs_key)
        if not pair then break end
        redis.call('SREM', pairs_key, pair)
        left = left - 1
        local was_here = redis.call('SREM', here(pair), node) == 1
        if was_here and is_alone(pair) and redis.call('SISMEMBER', here(pair), uid) == 0 then
          told[#told + 1] = pair
        end
      end
      if redis.call('EXISTS', pairs_key) == 0 then redis.call('SREM', prefix .. 'nodes', node) end
    end
  end
end
return told
)lua";

std::string pair_of(std::string_view room, std::string_view account) {
  std::string pair(room);
  pair += '\n';
  pair += account;
  return pair;
}

}  // namespace

PresenceRegistry::PresenceRegistry(EventLoop& loop, Options options, Calls calls)
    : loop_(loop), options_(std::move(options)), calls_(std::move(calls)) {}

void PresenceRegistry::enter(std::string room, std::string account) {
  calls_.post([this, pair = pair_of(room, account)] { do_enter(pair); });
}

void PresenceRegistry::leave(std::string room, std::string account) {
  calls_.post([this, pair = pair_of(room, account)] { do_leave(pair); });
}

void PresenceRegistry::do_enter(const std::string& pair) {
  pairs_[pair] = false;
  if (!is_registered_) return;  // with all the others, soon
  run("enter", std::vector<std::string>{"1", pair}, [this, pair](const RedisReply& reply) {
    if (!reply.is_ok()) return;
    if (const auto found = pairs_.find(pair); found != pairs_.end()) found->second = true;
    tell(Change::joined, reply);
  });
}

void PresenceRegistry::do_leave(const std::string& pair) {
  pairs_.erase(pair);
  run("leave", std::vector<std::string>{pair},
      [this](const RedisReply& reply) { tell(Change::left, reply); });
}

void PresenceRegistry::run(std::string_view operation, std::span<const std::string> arguments,
                           RedisCallback callback) {
  if (connection_ == nullptr) return;
  RedisCommand command{"EVAL", script, "1", options_.key_prefix + "#relay:", operation, options_.uid};
  command.add(options_.lease.count());
  for (const std::string& argument : arguments) command.add(argument);
  static_cast<void>(connection_->send(command, std::move(callback)));
}

void PresenceRegistry::tell(Change change, const RedisReply& pairs) {
  if (!pairs.is_ok()) return;
  for (const RedisReply& pair : pairs.elements) {
    const std::size_t line_end = pair.text.find('\n');
    if (line_end == std::string::npos) continue;
    calls_.tell(change, pair.text.substr(0, line_end), std::string_view(pair.text).substr(line_end + 1));
  }
}

// ---- registered

void PresenceRegistry::on_link_up(RedisConnection& connection) {
  connection_ = &connection;
  is_registered_ = false;
  constexpr std::size_t id_length = 16;
  run("register", std::vector<std::string>{random_token(id_length)},
      [this](const RedisReply& reply) { on_registered(reply); });
}

void PresenceRegistry::on_registered(const RedisReply& reply) {
  if (!reply.is_ok() || reply.elements.size() != 2) return;
  is_registered_ = true;
  next_renewal_ = loop_.now() + renewal_interval;
  const bool is_other_data = !data_id_.empty() && data_id_ != reply.elements[0].text;
  data_id_ = reply.elements[0].text;
  enter_all(is_other_data);
  static_cast<void>(connection_->send({"SMEMBERS", options_.key_prefix + "#relay:pairs:" + options_.uid},
                                      [this](const RedisReply& known) { leave_stale(known); }));
}

// What left while nothing could be said.
void PresenceRegistry::leave_stale(const RedisReply& known) {
  if (!known.is_ok()) return;
  for (const RedisReply& pair : known.elements) {
    if (!pairs_.contains(pair.text)) do_leave(pair.text);
  }
}

void PresenceRegistry::enter_all(bool is_quiet) {
  std::vector<std::string> known{"0"};
  for (auto& [pair, is_answered] : pairs_) {
    if (!is_answered) {
      do_enter(pair);
      continue;
    }
    known.push_back(pair);
    if (known.size() <= pairs_per_run) continue;
    run("enter", known, [this, is_quiet](const RedisReply& told) {
      if (!is_quiet) tell(Change::joined, told);
    });
    known.resize(1);
  }
  if (known.size() == 1) return;
  run("enter", known, [this, is_quiet](const RedisReply& told) {
    if (!is_quiet) tell(Change::joined, told);
  });
}

void PresenceRegistry::tick() {
  if (is_registered_ && connection_ != nullptr && loop_.now() >= next_renewal_) renew();
}

void PresenceRegistry::renew() {
  next_renewal_ = loop_.now() + renewal_interval;
  run("sweep", std::vector<std::string>{std::to_string(pairs_per_sweep)},
      [this](const RedisReply& reply) { tell(Change::left, reply); });
}

}  // namespace relay
