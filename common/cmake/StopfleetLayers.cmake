# Layers that are enforced: a file that includes what its layer may not see does not compile.
# Each layer has a folder of stub headers, one for each forbidden header, that stands first in the
# include path of the layer's files and says what is wrong. docs/architecture.md has the reasons.

set(STOPFLEET_LAYERS base domain io producer runtime host audit quickstart)

set(STOPFLEET_LAYER_DIR_base common/base)
set(STOPFLEET_LAYER_DIR_domain common/domain)
set(STOPFLEET_LAYER_DIR_io common/io)
set(STOPFLEET_LAYER_DIR_producer producer)
set(STOPFLEET_LAYER_DIR_runtime worker/runtime)
set(STOPFLEET_LAYER_DIR_host worker/host)
set(STOPFLEET_LAYER_DIR_audit worker/audit)
set(STOPFLEET_LAYER_DIR_quickstart deploy/quickstart)

# What each layer may not include: folders of ours and libraries.
set(STOPFLEET_FORBIDDEN_base
    common/domain common/io producer worker
    jansson msgpack librdkafka hiredis libevent curl openssl systemd)
set(STOPFLEET_FORBIDDEN_domain
    common/io producer worker librdkafka hiredis libevent curl systemd)
set(STOPFLEET_FORBIDDEN_io producer worker)
set(STOPFLEET_FORBIDDEN_producer worker)
set(STOPFLEET_FORBIDDEN_runtime producer worker/host worker/audit)
set(STOPFLEET_FORBIDDEN_host producer worker/audit)
set(STOPFLEET_FORBIDDEN_audit producer)
set(STOPFLEET_FORBIDDEN_quickstart producer worker)

# The headers of a library, as globs below the system's include folders.
set(STOPFLEET_HEADERS_jansson jansson.h)
set(STOPFLEET_HEADERS_msgpack msgpack.h msgpack/*.h)
set(STOPFLEET_HEADERS_librdkafka librdkafka/*.h)
set(STOPFLEET_HEADERS_hiredis hiredis/*.h hiredis/adapters/*.h)
set(STOPFLEET_HEADERS_libevent event2/*.h event.h evhttp.h)
set(STOPFLEET_HEADERS_curl curl/*.h)
set(STOPFLEET_HEADERS_openssl openssl/*.h)
set(STOPFLEET_HEADERS_systemd systemd/*.h)

# The paths, as an #include would write them, of all headers of a folder of ours or of a library.
function(stopfleet_headers_of component ret_headers)
    set(headers)
    if(DEFINED STOPFLEET_HEADERS_${component})
        foreach(root IN LISTS CMAKE_C_IMPLICIT_INCLUDE_DIRECTORIES)
            foreach(pattern IN LISTS STOPFLEET_HEADERS_${component})
                file(GLOB found RELATIVE "${root}" "${root}/${pattern}")
                list(APPEND headers ${found})
            endforeach()
        endforeach()
        # Where pkg-config alone knows the folder, the first name at least.
        if(NOT headers)
            list(GET STOPFLEET_HEADERS_${component} 0 first)
            if(NOT first MATCHES "[*]")
                set(headers ${first})
            endif()
        endif()
    else()
        file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}"
            "${PROJECT_SOURCE_DIR}/${component}/*.h" "${PROJECT_SOURCE_DIR}/${component}/*.def")
    endif()
    list(REMOVE_DUPLICATES headers)
    set(${ret_headers} ${headers} PARENT_SCOPE)
endfunction()

foreach(layer IN LISTS STOPFLEET_LAYERS)
    set(stubs "${PROJECT_BINARY_DIR}/forbidden/${layer}")
    file(REMOVE_RECURSE "${stubs}")
    file(MAKE_DIRECTORY "${stubs}")
    foreach(component IN LISTS STOPFLEET_FORBIDDEN_${layer})
        stopfleet_headers_of(${component} headers)
        foreach(header IN LISTS headers)
            file(WRITE "${stubs}/${header}" "#error \"${STOPFLEET_LAYER_DIR_${layer}} may not \
include ${component}: see docs/architecture.md\"\n")
        endforeach()
    endforeach()
endforeach()

# The layer that the files of the current folder belong to, empty where there is none (tests).
function(stopfleet_layer_of_folder ret_layer)
    file(RELATIVE_PATH dir "${PROJECT_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
    set(${ret_layer} "" PARENT_SCOPE)
    foreach(layer IN LISTS STOPFLEET_LAYERS)
        if(dir STREQUAL STOPFLEET_LAYER_DIR_${layer})
            set(${ret_layer} ${layer} PARENT_SCOPE)
        endif()
    endforeach()
endfunction()

# Puts the layer's stubs first in the include path of a target's own files.
function(stopfleet_enforce_layer target layer)
    if(NOT layer IN_LIST STOPFLEET_LAYERS)
        message(FATAL_ERROR "${target}: no layer \"${layer}\"; layers: ${STOPFLEET_LAYERS}")
    endif()
    target_include_directories(${target} BEFORE PRIVATE "${PROJECT_BINARY_DIR}/forbidden/${layer}")
endfunction()
