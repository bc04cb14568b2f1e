/*
 * report.h - a report of ThreadSanitizer's becomes a record here, section by section.
 *
 * There is one buffer and one trace, guarded by `report_lock`: who calls any of these holds it. It
 * may be held while ThreadSanitizer reports, so what races.c says of that holds for all of it.
 */
#ifndef INTERPOSE_REPORT_H
#define INTERPOSE_REPORT_H

#include "interpose/base/raw.h"
#include "interpose/base/ring.h"

#include <stdbool.h>
#include <stdint.h>

typedef unsigned long uptr;

/* llvm: compiler-rt/lib/tsan/rtl/tsan_debugging.cpp */
#define TSAN_API extern __attribute__((weak))
TSAN_API int __tsan_get_report_data(void *report, const char **description, int *count, int *stacks,
				    int *accesses, int *locations, int *mutexes, int *threads,
				    int *unique_tids, void **sleep, uptr room);
TSAN_API int __tsan_get_report_mop(void *report, uptr index, int *tid, void **address, int *size,
				   int *write, int *atomic, void **trace, uptr room);
TSAN_API int __tsan_get_report_loc(void *report, uptr index, const char **type, void **address,
				   uptr *start, uptr *size, int *tid, int *fd, int *suppressable,
				   void **trace, uptr room);
TSAN_API int __tsan_get_report_mutex(void *report, uptr index, uptr *id, void **address,
				     int *destroyed, void **trace, uptr room);
TSAN_API int __tsan_get_report_thread(void *report, uptr index, int *tid, uint64_t *os_id,
				      int *running, const char **name, int *parent, void **trace,
				      uptr room);
TSAN_API int __tsan_get_report_stack(void *report, uptr index, void **trace, uptr room);

enum { FRAMES_MAX = 256 };

/*
 * ThreadSanitizer holds its own report lock while it calls us, so nobody ever waits here; this lock is
 * for a ThreadSanitizer that would not.
 */
extern HIDDEN struct raw_lock report_lock; /* at fork: free, as TSan takes its report lock first */

/* Where a stack is put together, innermost first; a NULL ends it. */
extern HIDDEN void *trace[FRAMES_MAX + 1];
HIDDEN void clear_trace(void);
/* Leaves the Python frames alone. False: there are none. */
HIDDEN bool python_frames(void);

struct output {
	uint32_t used;
	uint32_t sections;
};
/* Begins a record: its head, and the text of two parts after it. */
HIDDEN struct output report_begin(const char *text, uint32_t length, const char *rest,
				  uint32_t rest_length);
/* With the stack in the trace. */
HIDDEN void add_section(struct output *out, struct fts_section section, const char *text);
/* `count` sections that were taken before. False: they don't fit, which is counted. */
HIDDEN bool add_sections(struct output *out, const void *sections, uint32_t bytes, uint32_t count);
/* What has been added without a head. */
HIDDEN const void *report_bytes(void);
/*
 * The locks that the thread of access number `index` held at it, as far as TSan's history has them;
 * `side`: what its API says of that access.
 */
HIDDEN void add_locks_held(struct output *out, void *report, int index, int count,
			   const struct fts_section *side);
HIDDEN void add_mutexes(struct output *out, void *report, int count);
/* Puts the place where the object at `start` was made into the trace. Returns the thread, or -1. */
HIDDEN int add_made(void *report, int threads, uint64_t start);
/* `python`: their creation as far as it is Python code. */
HIDDEN void add_threads(struct output *out, void *report, int count, bool python);
/* Ends the record that report_begin() began with a text of that length, and writes it. */
HIDDEN void report_write(const struct output *out, uint16_t kind, uint32_t text_length);

#endif
