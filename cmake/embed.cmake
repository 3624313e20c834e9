# relay_embed(TARGET name BASE folder FILES ...)
#
# A static library `name` that holds FILES, named relative to BASE, and a header <name.h> to find them by those names;
# see web/embedded_file.h. The assembler copies the bytes (.incbin), so a large file costs no compile time. FILES may be
# made by the build itself, by a custom command of the same folder.
set(RELAY_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_files.cmake)

function(relay_embed)
  cmake_parse_arguments(ARG "" "TARGET;BASE" "FILES;DEPENDS" ${ARGN})
  set(output_folder ${CMAKE_CURRENT_BINARY_DIR}/${ARG_TARGET}.embedded)
  list(TRANSFORM ARG_FILES PREPEND ${ARG_BASE}/ OUTPUT_VARIABLE paths)
  # With DEPENDS the files are made by the command that makes those.
  set(existing_paths ${paths})
  if(ARG_DEPENDS)
    set(existing_paths)
  endif()
  # A list does not survive a command line; names hold no "|".
  list(JOIN ARG_FILES "|" names)

  add_custom_command(
    OUTPUT ${output_folder}/${ARG_TARGET}.cc ${output_folder}/${ARG_TARGET}.h
    COMMAND
      ${CMAKE_COMMAND} -D "TARGET=${ARG_TARGET}" -D "BASE=${ARG_BASE}" -D "NAMES=${names}" -D
      "OUTPUT_FOLDER=${output_folder}" -P ${RELAY_EMBED_SCRIPT}
    DEPENDS ${existing_paths} ${ARG_DEPENDS} ${RELAY_EMBED_SCRIPT}
    COMMENT "Embedding the files of ${ARG_TARGET}"
    VERBATIM)

  add_library(${ARG_TARGET} STATIC ${output_folder}/${ARG_TARGET}.cc)
  target_link_libraries(${ARG_TARGET} PUBLIC relay_options)
  target_include_directories(${ARG_TARGET} PUBLIC ${output_folder} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../web)
endfunction()
