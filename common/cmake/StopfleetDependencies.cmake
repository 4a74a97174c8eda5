# The libraries, each as one imported target stopfleet::NAME, whatever the release calls it.
# deploy/packages/ names the packages that hold them.

find_package(PkgConfig REQUIRED)

# stopfleet_dependency(NAME rdkafka MODULES rdkafka): an imported target made by pkg-config.
function(stopfleet_dependency)
    cmake_parse_arguments(ARG "" "NAME" "MODULES" ${ARGN})
    pkg_check_modules(DEP_${ARG_NAME} QUIET IMPORTED_TARGET GLOBAL ${ARG_MODULES})
    if(NOT DEP_${ARG_NAME}_FOUND)
        message(FATAL_ERROR "library missing: ${ARG_MODULES} (pkg-config). "
            "Install what is needed with deploy/packages/install.sh")
    endif()
    add_library(stopfleet::${ARG_NAME} ALIAS PkgConfig::DEP_${ARG_NAME})
    message(STATUS "${ARG_NAME} ${DEP_${ARG_NAME}_VERSION}${DEP_${ARG_NAME}_libevent_core_VERSION}")
endfunction()

stopfleet_dependency(NAME rdkafka MODULES rdkafka)
stopfleet_dependency(NAME jansson MODULES jansson)
stopfleet_dependency(NAME libevent MODULES libevent_core libevent_extra libevent_openssl libssl)
stopfleet_dependency(NAME curl MODULES libcurl)
stopfleet_dependency(NAME crypto MODULES libcrypto)

# msgpack-c: Debian 13's .pc file has a relative include directory, its CMake package is good;
# Debian 12 calls both msgpack.
find_package(msgpack-c CONFIG QUIET)
if(TARGET msgpack-c)
    add_library(stopfleet::msgpack ALIAS msgpack-c)
    message(STATUS "msgpack ${msgpack-c_VERSION}")
else()
    stopfleet_dependency(NAME msgpack MODULES msgpack)
endif()

# hiredis: TLS is a library of its own, from 1.0 on.
stopfleet_dependency(NAME hiredis_plain MODULES hiredis)
pkg_check_modules(DEP_hiredis_ssl QUIET IMPORTED_TARGET GLOBAL hiredis_ssl)
add_library(stopfleet_hiredis INTERFACE)
target_link_libraries(stopfleet_hiredis INTERFACE stopfleet::hiredis_plain)
if(DEP_hiredis_ssl_FOUND)
    target_link_libraries(stopfleet_hiredis INTERFACE PkgConfig::DEP_hiredis_ssl)
    target_compile_definitions(stopfleet_hiredis INTERFACE STOPFLEET_HIREDIS_SSL=1)
else()
    message(STATUS "hiredis has no TLS here: rediss:// will be refused at start")
endif()
add_library(stopfleet::hiredis ALIAS stopfleet_hiredis)

# libsystemd: readiness and watchdog messages, where it is there.
pkg_check_modules(DEP_systemd QUIET IMPORTED_TARGET GLOBAL libsystemd)
add_library(stopfleet_systemd INTERFACE)
if(DEP_systemd_FOUND)
    target_link_libraries(stopfleet_systemd INTERFACE PkgConfig::DEP_systemd)
    target_compile_definitions(stopfleet_systemd INTERFACE STOPFLEET_SYSTEMD=1)
endif()
add_library(stopfleet::systemd ALIAS stopfleet_systemd)

if(STOPFLEET_TESTS)
    stopfleet_dependency(NAME cmocka MODULES cmocka)
endif()
