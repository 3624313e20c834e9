# relay_client_bundle(TARGET name)
#
# Embeds the browser bundles of socket.io-client, which the relay serves below SOCKET_PATH. The build fetches them with
# npm, once; -DRELAY_CLIENT_BUNDLE_DIR=<folder> takes them from there instead, for builds without a network.
include(${CMAKE_CURRENT_LIST_DIR}/embed.cmake)

set(RELAY_CLIENT_VERSION 4.8.4)
set(RELAY_CLIENT_BUNDLE_DIR "" CACHE PATH "Folder with socket.io.js and its kin; empty: fetched with npm")
set(RELAY_CLIENT_BUNDLE_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/fetch_client_bundle.cmake)

function(relay_client_bundle)
  cmake_parse_arguments(ARG "" "TARGET" "" ${ARGN})
  set(files
      socket.io.js
      socket.io.js.map
      socket.io.min.js
      socket.io.min.js.map
      socket.io.esm.min.js
      socket.io.esm.min.js.map)

  if(RELAY_CLIENT_BUNDLE_DIR)
    set(folder ${RELAY_CLIENT_BUNDLE_DIR})
    foreach(file IN LISTS files)
      if(NOT EXISTS ${folder}/${file})
        message(FATAL_ERROR "RELAY_CLIENT_BUNDLE_DIR needs ${file}, which is not in ${folder}. "
                            "The folder dist of the npm package socket.io-client ${RELAY_CLIENT_VERSION} has it.")
      endif()
    endforeach()
  else()
    set(install_folder ${CMAKE_BINARY_DIR}/client-bundle)
    set(folder ${install_folder}/node_modules/socket.io-client/dist)
    # The stamp is what ninja compares: npm gives files the time of their release, which is older than any script.
    set(stamp ${install_folder}/fetched-${RELAY_CLIENT_VERSION})
    add_custom_command(
      OUTPUT ${stamp}
      COMMAND ${CMAKE_COMMAND} -D "VERSION=${RELAY_CLIENT_VERSION}" -D "FOLDER=${install_folder}" -D "STAMP=${stamp}"
              -P ${RELAY_CLIENT_BUNDLE_SCRIPT}
      DEPENDS ${RELAY_CLIENT_BUNDLE_SCRIPT}
      COMMENT "Fetching socket.io-client ${RELAY_CLIENT_VERSION} with npm"
      VERBATIM)
  endif()

  relay_embed(TARGET ${ARG_TARGET} BASE ${folder} FILES ${files} DEPENDS ${stamp})
endfunction()
