#ifndef COMMON_IO_REDIS_SCRIPT_SOURCES_H
#define COMMON_IO_REDIS_SCRIPT_SOURCES_H

/** The Lua scripts of this folder, each with redis_prelude.lua before it; made by CMakeLists.txt.
 */

extern const char REDIS_SOURCE_PUT[];
extern const char REDIS_SOURCE_PEND[];
extern const char REDIS_SOURCE_READ[];
extern const char REDIS_SOURCE_LOAD[];
extern const char REDIS_SOURCE_GET[];
extern const char REDIS_SOURCE_SEEN[];
extern const char REDIS_SOURCE_PUT_HOST[];
extern const char REDIS_SOURCE_HOST_FACT[];
extern const char REDIS_SOURCE_READ_HOSTS[];
extern const char REDIS_SOURCE_LIST_HOSTS[];
extern const char REDIS_SOURCE_HEARTBEAT[];
extern const char REDIS_SOURCE_PUT_LIVE[];
extern const char REDIS_SOURCE_LIST_TASKS[];
extern const char REDIS_SOURCE_LIST_CLUSTERS[];
extern const char REDIS_SOURCE_DESCRIBE_CLUSTERS[];
extern const char REDIS_SOURCE_REBUILD_BEGIN[];
extern const char REDIS_SOURCE_REBUILD_COMPLETE[];
extern const char REDIS_SOURCE_VERIFY[];
extern const char REDIS_SOURCE_VOID[];

#endif
