# Files compiled for different processors do not link, in either order, and the message says why;
# those compiled for the same do, also when the linker optimises.
#
# cmake -DCOMPILER=<C++ compiler> -DINCLUDES=<folders> -DFOLDER=<scratch> -P check_mixed_targets.cmake
cmake_minimum_required(VERSION 3.25)

set(symbol gtap_all_files_of_a_program_need_the_same_march_flags)
list(TRANSFORM INCLUDES PREPEND -I)
file(MAKE_DIRECTORY ${FOLDER})

# A type that only a return value carries, which no mangled name tells.
file(WRITE ${FOLDER}/crossing_main.cpp [[
#include <gtap/nn/network.hpp>
gtap::nn::Network<float> other();
int main() { return other().output().size() == 10 ? 0 : 1; }
]])
file(WRITE ${FOLDER}/crossing_other.cpp [[
#include <gtap/nn/network.hpp>
gtap::nn::Network<float> other() { return {{81}, {gtap::nn::Dense{.out = 10}}}; }
]])
# No type crosses: inline functions of rounded numbers are all that the files share.
file(WRITE ${FOLDER}/apart_main.cpp [[
#include <gtap/core/random.hpp>
double other();
int main() { return other() == gtap::RandomStream(1, 2).normal() ? 0 : 1; }
]])
file(WRITE ${FOLDER}/apart_other.cpp [[
#include <gtap/core/random.hpp>
double other() { return gtap::RandomStream(1, 2).normal(); }
]])

function(run out)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE text ERROR_VARIABLE text)
  set(${out} ${result} PARENT_SCOPE)
  set(text "${text}" PARENT_SCOPE)
endfunction()

function(must_run)
  run(result ${ARGN})
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}: expected success, got ${result} and \"${text}\"")
  endif()
endfunction()

function(compile name flags)
  must_run(${COMPILER} -std=c++20 -O1 ${flags} ${INCLUDES} -c ${FOLDER}/${name}.cpp
           -o ${FOLDER}/${name}${flags}.o)
endfunction()

foreach(case crossing apart)
  foreach(file ${case}_main ${case}_other)
    compile(${file} "")
    compile(${file} -march=x86-64-v3)
    compile(${file} -march=x86-64-v4)
  endforeach()
  set(program ${FOLDER}/${case})
  must_run(${COMPILER} ${program}_main.o ${program}_other.o -o ${program})
  must_run(${program})
  foreach(first "" -march=x86-64-v3 -march=x86-64-v4)
    foreach(second "" -march=x86-64-v3 -march=x86-64-v4)
      run(result ${COMPILER} ${program}_main${first}.o ${program}_other${second}.o -o ${program})
      if(first STREQUAL second)
        if(NOT result EQUAL 0)
          message(FATAL_ERROR "${case} with \"${first}\": expected a program, got \"${text}\"")
        endif()
      elseif(result EQUAL 0 OR NOT text MATCHES ${symbol})
        message(FATAL_ERROR "${case} with \"${first}\" and \"${second}\": expected a refusal with "
                            "${symbol}, got ${result} and \"${text}\"")
      endif()
    endforeach()
  endforeach()
endforeach()

set(program ${FOLDER}/apart)
compile(apart_main -flto)
compile(apart_other -flto)
run(result ${COMPILER} -O1 -flto ${program}_main-flto.o ${program}_other-flto.o -o ${program})
if(result EQUAL 0)
  must_run(${program})
elseif(text MATCHES ${symbol})
  message(FATAL_ERROR "-flto: expected a program, got \"${text}\"")
endif()
