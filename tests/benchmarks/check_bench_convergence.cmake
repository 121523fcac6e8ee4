# The study's manners: unknown names end with exit code 2 and one line, and leave the figures of
# other runs alone; --quick on the voting game writes curves of all laws.
#
# cmake -DPROGRAM=<bench_convergence> -DFOLDER=<scratch> -P check_bench_convergence.cmake
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})

include(${CMAKE_CURRENT_LIST_DIR}/../examples/expect_failure.cmake)

expect_failure(2 "--game.*voting" --game vote)
expect_failure(2 "--law.*banzhaf" --law harsanyi)
expect_failure(2 "cannot write .*no-such-folder" --json ${FOLDER}/no-such-folder/figures.json)

execute_process(
  COMMAND ${PROGRAM} --quick --game voting --out ${FOLDER}/quick --json ${FOLDER}/figures.json
  RESULT_VARIABLE result OUTPUT_VARIABLE out ERROR_VARIABLE error)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "--quick: got ${result}, ${error}")
endif()
foreach(name convergence.csv convergence.json convergence.md)
  if(NOT EXISTS ${FOLDER}/quick/${name})
    message(FATAL_ERROR "--quick: ${name} was not written")
  endif()
endforeach()
file(READ ${FOLDER}/figures.json figures)
string(JSON curves LENGTH "${figures}")
math(EXPR last "${curves} - 1")
set(laws "")
foreach(c RANGE ${last})
  string(JSON game GET "${figures}" ${c} game)
  string(JSON players GET "${figures}" ${c} players)
  string(JSON law GET "${figures}" ${c} law)
  string(JSON design GET "${figures}" ${c} design)
  if(NOT game STREQUAL "voting" OR NOT players EQUAL 15 OR design STREQUAL "")
    message(FATAL_ERROR "curve ${c} is of ${game}, ${players} players, design ${design}")
  endif()
  foreach(list evaluations spent mse mse_standard_error seconds runs)
    string(JSON length LENGTH "${figures}" ${c} ${list})
    if(NOT length EQUAL 3)
      message(FATAL_ERROR "${law}, ${design}: expected 3 of ${list}, got ${length}")
    endif()
  endforeach()
  list(APPEND laws ${law})
endforeach()
list(REMOVE_DUPLICATES laws)
if(NOT laws STREQUAL "shapley;banzhaf;dropout")
  message(FATAL_ERROR "expected curves of three laws, got ${laws}")
endif()
