# What every file is compiled with: language, warnings (all of them errors), sanitizers, hardening.
# stopfleet_flags is linked by the functions of StopfleetTargets.cmake.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Debug CACHE STRING "Debug, Release, RelWithDebInfo" FORCE)
endif()
if(STOPFLEET_FUZZ AND NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "STOPFLEET_FUZZ needs clang: use `cmake --preset fuzz`")
endif()

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_library(stopfleet_flags INTERFACE)
# Empty, not 1: a source that says `#define _GNU_SOURCE` itself then says the same thing.
target_compile_definitions(stopfleet_flags INTERFACE
    _GNU_SOURCE= STOPFLEET_VERSION="${PROJECT_VERSION}")
target_compile_options(stopfleet_flags INTERFACE
    -Werror -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wcast-qual -Wformat=2 -Wundef
    -Wvla -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
    $<$<C_COMPILER_ID:GNU>:-Wjump-misses-init -Wlogical-op -Wduplicated-cond -Wduplicated-branches>
    -fno-common -fno-omit-frame-pointer "-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=")

if(STOPFLEET_FUZZ)
    target_compile_options(stopfleet_flags INTERFACE
        -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
    target_link_options(stopfleet_flags INTERFACE -fsanitize=address,undefined)
elseif(STOPFLEET_SANITIZE)
    target_compile_options(stopfleet_flags INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all)
    target_link_options(stopfleet_flags INTERFACE -fsanitize=address,undefined)
endif()

if(STOPFLEET_FAULT_POINTS)
    target_compile_definitions(stopfleet_flags INTERFACE STOPFLEET_FAULT_POINTS)
endif()

# Hardening of what is shipped.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(stopfleet_hardened $<CONFIG:Release,RelWithDebInfo,MinSizeRel>)
target_compile_options(stopfleet_flags INTERFACE
    $<${stopfleet_hardened}:-U_FORTIFY_SOURCE>
    $<${stopfleet_hardened}:-D_FORTIFY_SOURCE=3>
    $<${stopfleet_hardened}:-fstack-protector-strong>
    $<${stopfleet_hardened}:-fstack-clash-protection>)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(stopfleet_flags INTERFACE $<${stopfleet_hardened}:-fcf-protection>)
endif()
target_link_options(stopfleet_flags INTERFACE
    $<${stopfleet_hardened}:LINKER:-z,relro,-z,now,-z,noexecstack>)
