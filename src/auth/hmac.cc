#include "auth/hmac.h"

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/check.h"

namespace relay {
namespace {

constexpr std::size_t block_bytes = 64;  // of SHA-256

using Block = std::array<std::uint8_t, block_bytes>;

// To look the algorithm up takes longer than to hash a key.
const EVP_MD* algorithm() {
  static const EVP_MD* const sha256_algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  RELAY_CHECK(sha256_algorithm != nullptr);
  return sha256_algorithm;
}

DigestContext new_context() {
  DigestContext context(EVP_MD_CTX_new());
  RELAY_CHECK(context != nullptr);
  return context;
}

void init(EVP_MD_CTX* context) {
  RELAY_CHECK(EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1);
}

void update(EVP_MD_CTX* context, const void* data, std::size_t size) {
  RELAY_CHECK(EVP_DigestUpdate(context, data, size) == 1);
}

Digest finish(EVP_MD_CTX* context) {
  Digest digest;
  RELAY_CHECK(EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1);
  return digest;
}

// One for each thread, so that hashing allocates nothing.
EVP_MD_CTX* scratch_context() {
  thread_local const DigestContext context = new_context();
  return context.get();
}

Block key_block(std::string_view key) {
  Block block{};
  if (key.size() > block_bytes) {
    const Digest digest = sha256(key);
    std::copy(digest.begin(), digest.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  return block;
}

DigestContext after_block(Block block, std::uint8_t pad) {
  for (std::uint8_t& byte : block) byte = static_cast<std::uint8_t>(byte ^ pad);
  DigestContext context = new_context();
  init(context.get());
  update(context.get(), block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
  return context;
}

}  // namespace

void DigestContextFree::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

Digest sha256(std::string_view data) {
  EVP_MD_CTX* const context = scratch_context();
  init(context);
  update(context, data.data(), data.size());
  return finish(context);
}

Digest hmac_sha256(std::string_view key, std::string_view data) {
  return HmacKey(key).sign(data);
}

Digest derive_key(std::string_view secret, std::string_view purpose) {
  const Digest no_salt{};
  const Digest extracted = hmac_sha256(bytes_of(no_salt), secret);
  std::string expanded(purpose);
  expanded += '\x01';  // one block is all we take
  return hmac_sha256(bytes_of(extracted), expanded);
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

std::string_view bytes_of(const Digest& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Sha256::Sha256() : context_(new_context()) {
  init(context_.get());
}

void Sha256::update(std::string_view data) {
  relay::update(context_.get(), data.data(), data.size());
}

Digest Sha256::finish() {
  return relay::finish(context_.get());
}

HmacKey::HmacKey(std::string_view key) {
  constexpr std::uint8_t inner_pad = 0x36;
  constexpr std::uint8_t outer_pad = 0x5C;
  Block block = key_block(key);
  schedule_ = std::make_shared<const Schedule>(
      Schedule{after_block(block, inner_pad), after_block(block, outer_pad)});
  OPENSSL_cleanse(block.data(), block.size());
}

Digest HmacKey::sign(std::string_view data) const {
  EVP_MD_CTX* const context = scratch_context();
  RELAY_CHECK(EVP_MD_CTX_copy_ex(context, schedule_->inner.get()) == 1);
  update(context, data.data(), data.size());
  const Digest inner = finish(context);
  RELAY_CHECK(EVP_MD_CTX_copy_ex(context, schedule_->outer.get()) == 1);
  update(context, inner.data(), inner.size());
  return finish(context);
}

}  // namespace relay
