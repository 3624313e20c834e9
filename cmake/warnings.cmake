# The warnings, the sanitizers and the hardening that every target is built with.
add_library(relay_options INTERFACE)
target_include_directories(relay_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(
  relay_options
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wsign-conversion
            -Wnon-virtual-dtor
            -Wold-style-cast
            -Woverloaded-virtual
            -Wcast-align
            -Wformat=2
            -Wimplicit-fallthrough
            -Werror
            -fno-omit-frame-pointer
            -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # clang 16 hides std::expected of libstdc++ 12 behind a concepts version it does not claim yet.
  target_compile_options(relay_options INTERFACE -U__cpp_concepts -D__cpp_concepts=202002L -Wno-builtin-macro-redefined)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overlapping copies in its own std::string (GCC bug 105329).
  target_compile_options(relay_options INTERFACE -Wno-restrict)
endif()
target_compile_definitions(relay_options INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
if(RELAY_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Asio's fences are not understood by the thread sanitizer; only the command line's clients use them, on one thread.
  target_compile_options(relay_options INTERFACE -Wno-tsan)
endif()
if(RELAY_SANITIZE)
  target_compile_options(relay_options INTERFACE -fsanitize=${RELAY_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(relay_options INTERFACE -fsanitize=${RELAY_SANITIZE})
endif()
