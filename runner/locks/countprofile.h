/*
 * countprofile.h - objects whose reference counts many threads write (interpose/memory/contended.h), over
 * all processes of a run, by type and by where they were made.
 */
#ifndef RUNNER_COUNTPROFILE_H
#define RUNNER_COUNTPROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"
#include "ftstress/record.h"

#define COUNTPROFILE_TOLD 10u

struct countprofile;
struct lockorder_host;

struct countprofile *countprofile_new(void);
void countprofile_free(struct countprofile *profile);

/* `sum` is of one object in one test, which process `pid` began at `began`; its strings are copied. */
void countprofile_add(struct countprofile *profile, const struct run_count *sum, uint32_t pid,
		      uint64_t began);
/* FTS_REPORT_COUNT_PROFILE. What the driver's own code makes or counts is left out. */
void countprofile_take(struct countprofile *profile, const struct lockorder_host *host,
		       const struct fts_record *record);
/* Those that were handed over most often, the first ones; to be freed with their strings. */
struct run_count *countprofile_most(const struct countprofile *profile, size_t *count);

#endif
