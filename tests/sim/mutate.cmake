# cmake -DIN=FILE -DOUT=FILE -DFROM=TEXT -DTO=TEXT -P mutate.cmake: one line of a shipped file, broken on
# purpose. A line that is not there any more is an error: the variant has to be written anew.
file(READ "${IN}" source)
string(FIND "${source}" "${FROM}" at)
if(at EQUAL -1)
    message(FATAL_ERROR "${IN} has no \"${FROM}\": correct the variant in tests/sim/mutants.cmake")
endif()
string(LENGTH "${FROM}" length)
math(EXPR behind "${at} + ${length}")
string(SUBSTRING "${source}" 0 ${at} head)
string(SUBSTRING "${source}" ${behind} -1 tail)
file(WRITE "${OUT}" "${head}${TO}${tail}")
