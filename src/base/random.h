#pragma once
// Unguessable bytes: session ids, socket ids, epochs, generated secrets.

#include <cstddef>
#include <span>
#include <string>

namespace relay {

// Fills `out` from the kernel's generator, through a buffer of the calling thread. Threading: any. Ends the
// process if the kernel gives no randomness: nothing that follows would be safe.
void fill_random(std::span<std::byte> out);

// 0 or more, below 1.
[[nodiscard]] double random_fraction();

// `length` characters of A-Za-z0-9-_, 6 random bits each.
[[nodiscard]] std::string random_token(std::size_t length);

// The same into memory that exists.
void random_token(std::span<char> out);

}  // namespace relay
