# Run at build time: installs socket.io-client VERSION into FOLDER with npm, and writes STAMP.
cmake_minimum_required(VERSION 3.25)

set(without_npm "To build without npm, give cmake -DRELAY_CLIENT_BUNDLE_DIR=<folder with the files of its dist folder>.")
find_program(npm npm)
if(NOT npm)
  message(FATAL_ERROR "npm is needed, to fetch the browser bundle of socket.io-client ${VERSION}; it comes with Node.js.\n"
                      "${without_npm}")
endif()

file(MAKE_DIRECTORY "${FOLDER}")
execute_process(
  COMMAND ${npm} install --prefix "${FOLDER}" --ignore-scripts --no-audit --no-fund --no-update-notifier
          socket.io-client@${VERSION}
  WORKING_DIRECTORY "${FOLDER}"
  RESULT_VARIABLE status
  OUTPUT_VARIABLE output
  ERROR_VARIABLE output)
if(NOT status EQUAL 0 OR NOT EXISTS "${FOLDER}/node_modules/socket.io-client/dist/socket.io.min.js")
  message(FATAL_ERROR "npm could not fetch socket.io-client ${VERSION}:\n${output}\n${without_npm}")
endif()
file(WRITE "${STAMP}" "${VERSION}\n")
