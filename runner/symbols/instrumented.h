/*
 * instrumented.h - was a shared object compiled with ThreadSanitizer?
 *
 * What was calls its runtime: __tsan_func_entry(), __tsan_read8() and so on are among the symbols that it imports.
 */
#ifndef RUNNER_INSTRUMENTED_H
#define RUNNER_INSTRUMENTED_H

#include <stdbool.h>

/* Of a file that can't be read it is not known: then true. */
bool instrumented_file(const char *path);

#endif
