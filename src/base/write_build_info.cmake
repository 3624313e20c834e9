# Writes OUTPUT, the header of build_info.cc, when what it would say has changed. Run at build time, so that a commit
# costs one compilation and no new configuration.
#
# cmake -DOUTPUT=... -DSOURCE_DIR=... -DVERSION=... [-DCOMMIT=...] -P write_build_info.cmake
if(NOT COMMIT AND EXISTS "${SOURCE_DIR}/.git")
  find_program(GIT git)
  if(GIT)
    execute_process(
      COMMAND "${GIT}" -C "${SOURCE_DIR}" rev-parse --verify HEAD
      OUTPUT_VARIABLE COMMIT
      ERROR_QUIET
      OUTPUT_STRIP_TRAILING_WHITESPACE)
  endif()
endif()
if(NOT COMMIT)
  set(COMMIT unknown)
endif()
set(text "#define RELAY_BUILD_VERSION \"${VERSION}\"\n#define RELAY_BUILD_COMMIT \"${COMMIT}\"\n")
set(before "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" before)
endif()
if(NOT text STREQUAL before)
  file(WRITE "${OUTPUT}" "${text}")
endif()
