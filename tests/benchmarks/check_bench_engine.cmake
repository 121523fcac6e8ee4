# A benchmark's manners: what it does not know leaves the files of other runs alone, and --quick
# writes the figures that --help names, of all cases.
#
# cmake -DPROGRAM=<bench_engine> -DFOLDER=<scratch> -P check_bench_engine.cmake
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
set(json ${FOLDER}/figures.json)

# expect_failure(pattern arguments...): exit code 2, stderr that matches, and --json left alone.
function(expect_failure pattern)
  file(WRITE ${json} "of another run")
  execute_process(COMMAND ${PROGRAM} --json ${json} ${ARGN} RESULT_VARIABLE result
                  OUTPUT_VARIABLE out ERROR_VARIABLE error)
  file(READ ${json} text)
  if(NOT result EQUAL 2 OR NOT error MATCHES "${pattern}" OR NOT text STREQUAL "of another run")
    message(FATAL_ERROR "${ARGN}: expected exit code 2, \"${pattern}\" and the file as it was, got "
                        "${result}, \"${error}\" and \"${text}\"")
  endif()
endfunction()

expect_failure("no case has \"typo\" in its name" --filter typo)
expect_failure("--colour" --colour red)
expect_failure("cannot write .*no-such-folder" --benchmark_out ${FOLDER}/no-such-folder/all.json)

set(every ${FOLDER}/every.json)
execute_process(COMMAND ${PROGRAM} --quick --json ${json} --benchmark_out ${every}
                RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE error)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "--quick: got ${result}, ${error}")
endif()
file(READ ${json} figures)
string(JSON cases LENGTH "${figures}")
set(names "")
math(EXPR last "${cases} - 1")
foreach(c RANGE ${last})
  string(JSON name GET "${figures}" ${c} name)
  string(JSON gtap GET "${figures}" ${c} gtap)
  string(JSON unit GET "${figures}" ${c} unit)
  string(JSON peers TYPE "${figures}" ${c} peers)
  string(JSON peak TYPE "${figures}" ${c} peak)
  if(NOT gtap GREATER 0 OR unit STREQUAL "" OR NOT peers STREQUAL "OBJECT"
     OR NOT peak MATCHES "^(NUMBER|NULL)$")
    message(FATAL_ERROR "${name}: got ${gtap} ${unit}, peers ${peers}, peak ${peak}")
  endif()
  list(APPEND names ${name})
endforeach()
if(NOT names STREQUAL "walk_256_players;threads2/walk_256_players;exact_24_players")
  message(FATAL_ERROR "expected three cases, got ${names}")
endif()
file(READ ${every} text)
string(JSON repetitions LENGTH "${text}" benchmarks)
if(repetitions LESS 15)
  message(FATAL_ERROR "expected 3 repetitions of 5 sides, got ${repetitions} entries")
endif()
