# The five kinds of things that this project builds.

# stopfleet_library(NAME stopfleet_base LAYER base SOURCES error.c ... LIBS stopfleet::jansson ...)
# A static library. LIBS are passed on to who links it. Includes are written from the root.
function(stopfleet_library)
    cmake_parse_arguments(ARG "" "NAME;LAYER" "SOURCES;LIBS" ${ARGN})
    add_library(${ARG_NAME} STATIC ${ARG_SOURCES})
    target_include_directories(${ARG_NAME} PUBLIC "${PROJECT_SOURCE_DIR}")
    stopfleet_enforce_layer(${ARG_NAME} ${ARG_LAYER})
    # Each header compiles alone: target all_verify_interface_header_sets.
    file(GLOB headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.h")
    if(headers)
        target_sources(${ARG_NAME} PUBLIC FILE_SET HEADERS
            BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${headers})
        set_target_properties(${ARG_NAME} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
    endif()
    target_link_libraries(${ARG_NAME} PUBLIC ${ARG_LIBS} PRIVATE stopfleet_flags)
endfunction()

# stopfleet_program(NAME stopfleet-api SOURCES main.c LIBS stopfleet_producer)
# A program in bin/, installed; its files belong to the layer of their folder.
function(stopfleet_program)
    cmake_parse_arguments(ARG "" "NAME;LAYER" "SOURCES;LIBS" ${ARGN})
    add_executable(${ARG_NAME} ${ARG_SOURCES})
    target_include_directories(${ARG_NAME} PRIVATE "${PROJECT_SOURCE_DIR}")
    if(NOT ARG_LAYER)
        stopfleet_layer_of_folder(ARG_LAYER)
    endif()
    if(ARG_LAYER)
        stopfleet_enforce_layer(${ARG_NAME} ${ARG_LAYER})
    endif()
    target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LIBS} stopfleet_flags)
    set_target_properties(${ARG_NAME} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
    install(TARGETS ${ARG_NAME} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# A cmocka program. cmocka exits 0 for no test and for skipped tests: both fail here.
function(stopfleet_cmocka_program name sources libs)
    add_executable(${name} ${sources})
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${name} PRIVATE ${libs} stopfleet::cmocka stopfleet_flags)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
endfunction()

set(STOPFLEET_CMOCKA_FAILURES "\\[  SKIPPED \\]" "Running 0 test")

# stopfleet_unit_test(NAME test_error SOURCES test_error.c LIBS stopfleet_base [TIMEOUT seconds])
function(stopfleet_unit_test)
    cmake_parse_arguments(ARG "" "NAME;TIMEOUT" "SOURCES;LIBS" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 60)
    endif()
    stopfleet_cmocka_program(${ARG_NAME} "${ARG_SOURCES}" "${ARG_LIBS}")
    add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${ARG_NAME} PROPERTIES LABELS unit TIMEOUT ${ARG_TIMEOUT}
        FAIL_REGULAR_EXPRESSION "${STOPFLEET_CMOCKA_FAILURES}")
endfunction()

# stopfleet_integration_test(NAME test_redis_view SOURCES ... LIBS ... [TIMEOUT seconds]
#                            [NEEDS redis kafka kafka3 docker])
# Runs under tests/support/servers.py, which starts what it NEEDS and tells the test where it is:
# STOPFLEET_TEST_REDIS, _REDIS_PID, _KAFKA, _KAFKA_PID, _DOCKER, _DOCKER_PROBE (an image).
function(stopfleet_integration_test)
    cmake_parse_arguments(ARG "" "NAME;TIMEOUT" "SOURCES;LIBS;NEEDS" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 180)
    endif()
    stopfleet_cmocka_program(${ARG_NAME} "${ARG_SOURCES}" "${ARG_LIBS}")
    set(wrapper)
    if(ARG_NEEDS)
        set(wrapper python3 "${PROJECT_SOURCE_DIR}/tests/support/servers.py" run ${ARG_NEEDS} --)
    endif()
    add_test(NAME ${ARG_NAME} COMMAND ${wrapper} $<TARGET_FILE:${ARG_NAME}>
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(${ARG_NAME} PROPERTIES LABELS integration TIMEOUT ${ARG_TIMEOUT}
        ENVIRONMENT "STOPFLEET_BIN=${PROJECT_BINARY_DIR}/bin"
        FAIL_REGULAR_EXPRESSION "${STOPFLEET_CMOCKA_FAILURES}")
endfunction()

# stopfleet_fuzz_target(NAME fuzz_event SOURCES fuzz_event.c LIBS stopfleet_domain [CORPUS dir])
# With STOPFLEET_FUZZ (clang) libFuzzer explores for STOPFLEET_FUZZ_SECONDS: ctest label fuzz.
# Else a plain main runs every file of the corpus, as a unit test. CORPUS defaults to corpus/NAME.
function(stopfleet_fuzz_target)
    cmake_parse_arguments(ARG "" "NAME;CORPUS" "SOURCES;LIBS" ${ARGN})
    if(NOT ARG_CORPUS)
        set(ARG_CORPUS "${CMAKE_CURRENT_SOURCE_DIR}/corpus/${ARG_NAME}")
    endif()
    add_executable(${ARG_NAME} ${ARG_SOURCES})
    target_include_directories(${ARG_NAME} PRIVATE "${PROJECT_SOURCE_DIR}")
    target_link_libraries(${ARG_NAME} PRIVATE ${ARG_LIBS} stopfleet_flags)
    set_target_properties(${ARG_NAME} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    if(STOPFLEET_FUZZ)
        set(found "${PROJECT_BINARY_DIR}/corpus/${ARG_NAME}")
        file(MAKE_DIRECTORY "${found}")
        target_link_options(${ARG_NAME} PRIVATE -fsanitize=fuzzer)
        add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} -max_total_time=${STOPFLEET_FUZZ_SECONDS}
            -timeout=10 -rss_limit_mb=1024 -print_final_stats=1
            "-artifact_prefix=${found}/" "${found}" "${ARG_CORPUS}")
        math(EXPR limit "${STOPFLEET_FUZZ_SECONDS} + 60")
        set_tests_properties(${ARG_NAME} PROPERTIES LABELS fuzz TIMEOUT ${limit})
    else()
        target_sources(${ARG_NAME} PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/fuzz_main.c")
        add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME} "${ARG_CORPUS}")
        set_tests_properties(${ARG_NAME} PROPERTIES LABELS unit TIMEOUT 120)
    endif()
endfunction()
