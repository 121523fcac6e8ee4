# For scripts that set PROGRAM and FOLDER.
#
# expect_failure(code pattern arguments...): one line on stderr that matches, and no file written.
function(expect_failure code pattern)
  execute_process(COMMAND ${PROGRAM} ${ARGN} --out ${FOLDER}/out RESULT_VARIABLE result
                  OUTPUT_VARIABLE out ERROR_VARIABLE error)
  string(REGEX MATCHALL "\n" lines "${error}")
  list(LENGTH lines count)
  file(GLOB_RECURSE written ${FOLDER}/out/*)
  if(NOT result EQUAL code OR NOT count EQUAL 1 OR NOT error MATCHES "${pattern}" OR written)
    message(FATAL_ERROR "${ARGN}: expected exit code ${code}, one line with \"${pattern}\" and no "
                        "file, got ${result}, \"${error}\" and \"${written}\"")
  endif()
endfunction()
