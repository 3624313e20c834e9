// Feeds saved inputs to a fuzz target that was built without libFuzzer: every file that is named, and every
// file of every folder that is named. A folder that is missing or empty is a failure, so that no corpus gets
// lost unseen.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

bool replay(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream) {
    std::fprintf(stderr, "cannot read %s\n", file.c_str());
    return false;
  }
  // A copy of exactly this size, so that the address sanitizer sees a read behind it.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(input.data(), input.size());
  return true;
}

// The number of files replayed, or -1 after a failure.
int replay_all(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return replay(path) ? 1 : -1;
  int count = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    if (!replay(entry.path())) return -1;
    ++count;
  }
  if (count > 0) return count;
  std::fprintf(stderr, "no files in %s\n", path.c_str());
  return -1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s <file or folder>...\n", argv[0]);
    return 2;
  }
  int total = 0;
  for (int i = 1; i < argc; ++i) {
    const int count = replay_all(argv[i]);
    if (count < 0) return 1;
    total += count;
  }
  std::printf("replayed %d inputs\n", total);
  return 0;
}
