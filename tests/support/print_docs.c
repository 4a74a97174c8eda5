/* print_docs events | stopping: what the tables make of docs/events.md (all of it) and docs/stopping.md
 * (its last section). The options' part is printed by the programs themselves (--options-markdown). */

#include <stdio.h>
#include <string.h>

#include "common/domain/event.h"
#include "common/domain/stop_engine.h"

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "events") == 0) {
        event_write_markdown(stdout);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    if (argc == 2 && strcmp(argv[1], "stopping") == 0) {
        stop_engine_write_markdown(stdout);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    (void)fprintf(stderr, "usage: print_docs events|stopping\n");
    return 2;
}
