/* The main of a fuzz target where libFuzzer is not: runs each file of the given files and folders
 * once, and the empty input. Fails when there was no file. */

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX_BYTES = 16 << 20 };

static size_t inputs;

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rbe");
    struct stat status;

    if (file == NULL || fstat(fileno(file), &status) != 0 || status.st_size > INPUT_MAX_BYTES) {
        (void)fprintf(stderr, "could not read \"%s\": %s\n", path, strerror(errno));
        exit(1);
    }
    size_t size = (size_t)status.st_size;
    /* Exactly as long as the input, so that a read behind its end is seen. */
    uint8_t *data = malloc(size > 0 ? size : 1);
    if (data == NULL || fread(data, 1, size, file) != size) {
        (void)fprintf(stderr, "could not read \"%s\"\n", path);
        exit(1);
    }
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    inputs++;
}

static void run_folder(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);

    if (count < 0) {
        (void)fprintf(stderr, "could not read \"%s\": %s\n", path, strerror(errno));
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        char *file = NULL;
        if (entries[i]->d_name[0] != '.' &&
            asprintf(&file, "%s/%s", path, entries[i]->d_name) > 0) {
            run_file(file);
        }
        free(file);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    uint8_t none = 0;

    (void)LLVMFuzzerTestOneInput(&none, 0);
    for (int i = 1; i < argc; i++) {
        struct stat status;
        if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode)) {
            run_folder(argv[i]);
        } else {
            run_file(argv[i]);
        }
    }
    (void)printf("%zu inputs\n", inputs);
    if (inputs == 0) {
        (void)fprintf(stderr, "no input in the corpus\n");
        return 1;
    }
    return 0;
}
