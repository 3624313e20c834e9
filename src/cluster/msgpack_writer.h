#pragma once
// MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) by appending, each value in its
// smallest form. Threading: any.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace relay {

// Sizes and counts are below 2^32: BusLimits sees to that.
void append_msgpack_nil(std::string& out);
void append_msgpack_bool(std::string& out, bool value);
void append_msgpack_unsigned(std::string& out, std::uint64_t number);
void append_msgpack_signed(std::string& out, std::int64_t number);
// Always 9 bytes.
void append_msgpack_float64(std::string& out, double number);
void append_msgpack_uint64(std::string& out, std::uint64_t number);
void append_msgpack_string(std::string& out, std::string_view utf8);
void append_msgpack_binary(std::string& out, std::string_view bytes);
// Before the elements, or the keys each with its value.
void append_msgpack_array(std::string& out, std::size_t elements);
void append_msgpack_map(std::string& out, std::size_t members);

}  // namespace relay
