#include "cluster/msgpack_writer.h"

#include <bit>

#include <msgpack/pack.hpp>

namespace relay {
namespace {

struct StringSink {
  std::string& out;
  void write(const char* bytes, std::size_t size) { out.append(bytes, size); }
};

// A packer points to its sink.
class Packer {
 public:
  explicit Packer(std::string& out) : sink_{out}, packer_(sink_) {}
  msgpack::packer<StringSink>* operator->() noexcept { return &packer_; }

 private:
  StringSink sink_;
  msgpack::packer<StringSink> packer_;
};

void append_big_endian(std::string& out, std::uint64_t number) {
  for (unsigned shift = 64; shift > 0;) {
    shift -= 8;
    out += static_cast<char>(static_cast<unsigned char>(number >> shift & 0xFFU));
  }
}

}  // namespace

void append_msgpack_nil(std::string& out) {
  out += '\xC0';
}

void append_msgpack_bool(std::string& out, bool value) {
  out += value ? '\xC3' : '\xC2';
}

void append_msgpack_unsigned(std::string& out, std::uint64_t number) {
  Packer(out)->pack_uint64(number);
}

void append_msgpack_signed(std::string& out, std::int64_t number) {
  Packer(out)->pack_int64(number);
}

// Not pack_double(): it converts whole numbers to integers, and 2^64, which fits no integer, too.
void append_msgpack_float64(std::string& out, double number) {
  out += '\xCB';
  append_big_endian(out, std::bit_cast<std::uint64_t>(number));
}

void append_msgpack_uint64(std::string& out, std::uint64_t number) {
  out += '\xCF';
  append_big_endian(out, number);
}

void append_msgpack_string(std::string& out, std::string_view utf8) {
  Packer(out)->pack_str(static_cast<std::uint32_t>(utf8.size()));
  out += utf8;
}

void append_msgpack_binary(std::string& out, std::string_view bytes) {
  Packer(out)->pack_bin(static_cast<std::uint32_t>(bytes.size()));
  out += bytes;
}

void append_msgpack_array(std::string& out, std::size_t elements) {
  Packer(out)->pack_array(static_cast<std::uint32_t>(elements));
}

void append_msgpack_map(std::string& out, std::size_t members) {
  Packer(out)->pack_map(static_cast<std::uint32_t>(members));
}

}  // namespace relay
