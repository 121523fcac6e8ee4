# prune_resnet's manners: wrong options and missing data end with one clear line on stderr. With
# -DQUICK=1, a --quick run on the data set like MNIST in -DDATA=<folder> writes what it promises.
#
# cmake -DPROGRAM=<program> -DFOLDER=<scratch> [-DQUICK=1 -DDATA=<folder>] -P check_prune_resnet.cmake
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})

include(${CMAKE_CURRENT_LIST_DIR}/expect_failure.cmake)

expect_failure(2 "--colour" --colour red)
expect_failure(2 "--epochs: expected a whole number from 0 to 100000, got" --epochs many)
expect_failure(1 "no-such-folder.*got no folder" --data ${FOLDER}/no-such-folder)
file(WRITE ${FOLDER}/cifar/data_batch_1.bin "not images")
expect_failure(1 "data_batch_1.bin: expected a CIFAR-10 file" --data ${FOLDER}/cifar)

if(NOT QUICK)
  return()
endif()
if(NOT EXISTS ${DATA})
  message(STATUS "skipped: --quick, because there is no ${DATA}; the rest has passed")
  return()
endif()
execute_process(COMMAND ${PROGRAM} --quick --data ${DATA} --out ${FOLDER}/out --json
                        ${FOLDER}/figures.json RESULT_VARIABLE result OUTPUT_VARIABLE out
                ERROR_VARIABLE error)
if(NOT result EQUAL 0 OR NOT error MATCHES "^(plots are missing[^\n]*\n)?$")
  message(FATAL_ERROR "--quick: expected exit code 0 and a quiet stderr, got ${result}, ${error}")
endif()
find_program(gnuplot gnuplot)
if(gnuplot AND NOT (EXISTS ${FOLDER}/out/accuracy_resnet20.svg
                    AND EXISTS ${FOLDER}/out/accuracy_resnet20.png))
  message(FATAL_ERROR "--quick: the plot was not drawn")
endif()
file(READ ${FOLDER}/figures.json figures)
string(JSON name GET "${figures}" net)
string(JSON macs GET "${figures}" full_macs)
string(JSON rows LENGTH "${figures}" rows)
if(NOT name STREQUAL "resnet20" OR NOT rows EQUAL 8 OR NOT macs GREATER 0)
  message(FATAL_ERROR "expected 8 rows of resnet20, got ${rows} of ${name}")
endif()
math(EXPR last "${rows} - 1")
foreach(r RANGE ${last})
  foreach(entry macs_fraction method index accuracy compensated fine_tuned units parameters microseconds)
    string(JSON value ERROR_VARIABLE missing GET "${figures}" rows ${r} ${entry})
    if(missing)
      message(FATAL_ERROR "row ${r}: expected ${entry}, got ${missing}")
    endif()
  endforeach()
endforeach()
