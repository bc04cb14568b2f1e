/*
 * collate.c - how long the collator takes for many reports.
 *
 *     collate [LIBRARY]      an ELF file with symbols; default: libpython of ftstress's cache
 *
 * Synthetic data races over real code: two sides of 30 frames each, nine reports in ten from 200
 * pairs of stacks that come again and again, the tenth a pair of its own; iterations of 500
 * reports, each in an address layout of its own. One line a size: reports, seconds, processor
 * seconds (with the symbolizer's), reports a second, findings, and the ratio of the processor
 * seconds to those of the size before (10 = linear).
 */
#include <elf.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "ftstress/arena.h"
#include "ftstress/record.h"
#include "runner/collate/collate.h"
#include "runner/base/util.h"

enum {
	FRAMES = 30,
	STACKS = 1000,
	PAIRS = 200,
	POSITIONS = 3000,
	AN_ITERATION = 500,
	ZYGOTE = 1,
	CHILD = 2,
};

struct workload {
	const char *library;
	uint64_t low, high; /* its code, as ELF addresses */
	uint64_t positions[POSITIONS];
	uint64_t stacks[STACKS][FRAMES];
	uint64_t random;
};

/* The executable segment of an ELF file; 0 if it has one. */
static int find_code(struct workload *work)
{
	size_t length;
	char *text = read_file(work->library, &length);
	const Elf64_Ehdr *head = (const void *)text;
	if (!text || length < sizeof *head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
	    head->e_phoff + (size_t)head->e_phnum * sizeof(Elf64_Phdr) > length) {
		free(text);
		return fail(EXIT_BAD_INPUT, "%s is no ELF file", work->library);
	}
	const Elf64_Phdr *segment = (const void *)(text + head->e_phoff);
	for (unsigned i = 0; i < head->e_phnum; i++) {
		if (segment[i].p_type == PT_LOAD && (segment[i].p_flags & PF_X)) {
			work->low = segment[i].p_vaddr;
			work->high = segment[i].p_vaddr + segment[i].p_memsz;
		}
	}
	free(text);
	return work->high > work->low ? 0 : fail(EXIT_BAD_INPUT, "%s has no code", work->library);
}

/* Stacks share their outer frames, as real ones do. */
static void make_stacks(struct workload *work)
{
	for (unsigned i = 0; i < POSITIONS; i++)
		work->positions[i] =
			work->low + splitmix64(&work->random) % (work->high - work->low);
	for (unsigned i = 0; i < STACKS; i++) {
		for (unsigned k = 0; k < FRAMES; k++) {
			uint64_t choice = splitmix64(&work->random) % (k < 10 ? POSITIONS : 40);
			work->stacks[i][k] = work->positions[choice];
		}
	}
}

static void put_stack(struct buf *out, const struct workload *work, size_t stack, uint64_t bias,
		      uint64_t address)
{
	struct fts_section section = { .kind = FTS_SEC_ACCESS,
				       .flags = FTS_ACCESS_WRITE,
				       .frame_count = FRAMES,
				       .tid = 1,
				       .address = address,
				       .size = 8 };
	buf_add(out, &section, sizeof section);
	for (unsigned k = 0; k < FRAMES; k++) {
		uint64_t pc = work->stacks[stack][k] + bias + 1;
		buf_add(out, &pc, sizeof pc);
	}
}

static void put_report(struct buf *out, struct workload *work, uint64_t bias)
{
	struct fts_record head = { .length = sizeof head + sizeof(struct fts_report) +
					     2 * (sizeof(struct fts_section) +
						  FRAMES * sizeof(uint64_t)),
				   .type = FTS_REC_REPORT,
				   .pid = CHILD,
				   .test = FTS_NO_TEST };
	struct fts_report report = { .kind = FTS_REPORT_DATA_RACE, .section_count = 2 };
	uint64_t choice = splitmix64(&work->random);
	size_t a = choice % 10 ? choice / 10 % PAIRS : choice / 10 % STACKS;
	size_t b = choice % 10 ? a + PAIRS : choice / 10 / STACKS % STACKS;
	buf_add(out, &head, sizeof head);
	buf_add(out, &report, sizeof report);
	put_stack(out, work, a, bias, choice >> 20);
	put_stack(out, work, b, bias, choice >> 20);
}

static void put_module(struct buf *out, const struct workload *work, uint64_t bias)
{
	struct fts_module module = { .bias = bias,
				     .low = bias + work->low,
				     .high = bias + work->high,
				     .path_length = (uint16_t)strlen(work->library) };
	struct fts_record head = { .type = FTS_REC_MODULE, .pid = ZYGOTE };
	size_t length = sizeof head + sizeof module + module.path_length;
	head.length = (uint32_t)((length + 7) & ~7ul);
	head.padding = (uint16_t)(head.padding);
	buf_add(out, &head, sizeof head);
	buf_add(out, &module, sizeof module);
	buf_puts(out, work->library);
	buf_add(out, "\0\0\0\0\0\0\0", head.length - length);
}

/* Processor time so far, of this process and the children that ended. */
static double processor_seconds(void)
{
	struct rusage use[2];
	double seconds = 0;
	getrusage(RUSAGE_SELF, &use[0]);
	getrusage(RUSAGE_CHILDREN, &use[1]);
	for (unsigned i = 0; i < 2; i++) {
		seconds += (double)(use[i].ru_utime.tv_sec + use[i].ru_stime.tv_sec);
		seconds += (double)(use[i].ru_utime.tv_usec + use[i].ru_stime.tv_usec) * 1e-6;
	}
	return seconds;
}

/* Seconds in the collator alone, without making the records. */
static double run(struct workload *work, size_t reports, size_t *findings)
{
	struct collate_options options = { .suite = "bench", .command = "ftstress" };
	struct collator *collator = collator_open(&options);
	struct iteration_context context = { .zygote = 1, .zygote_pid = ZYGOTE, .replay = "0.0.0" };
	struct buf records = { 0 };
	double seconds = 0;

	for (size_t done = 0; done < reports; done += AN_ITERATION) {
		uint64_t bias = 0x7f0000000000 + (done << 12);
		buf_clear(&records);
		put_module(&records, work, bias);
		for (size_t i = 0; i < AN_ITERATION; i++)
			put_report(&records, work, bias);
		double start = now_seconds();
		collator_zygote(collator, 1);
		collator_feed(collator, &context, records.data, records.length);
		collator_iteration_end(collator, &context);
		seconds += now_seconds() - start;
	}
	collator_findings(collator, findings);
	double start = now_seconds();
	collator_close(collator);
	seconds += now_seconds() - start;
	buf_free(&records);
	return seconds;
}

static char *default_library(void)
{
	char *pattern = xprintf("%s/.cache/ftstress/python/*tsan*/lib/libpython3.*t.so.1.0",
				getenv("HOME") ? getenv("HOME") : "");
	glob_t found = { 0 };
	char *path = glob(pattern, 0, NULL, &found) == 0 ? xstrdup(found.gl_pathv[0]) : NULL;
	globfree(&found);
	free(pattern);
	return path ? path : xstrdup("/proc/self/exe");
}

int main(int argc, char **argv)
{
	char *library = argc > 1 ? xstrdup(argv[1]) : default_library();
	struct workload *work = xcalloc(1, sizeof *work);
	double before = 0;
	work->library = library;
	if (find_code(work) != 0)
		return EXIT_BAD_INPUT;
	make_stacks(work);
	printf("collate: %s\n", library);
	for (size_t reports = 1000; reports <= 100000; reports *= 10) {
		size_t findings;
		double start = processor_seconds();
		double seconds = run(work, reports, &findings);
		double processor = processor_seconds() - start;
		printf("collate reports=%zu seconds=%.3f processor=%.3f reports_per_second=%.0f "
		       "findings=%zu",
		       reports, seconds, processor, (double)reports / seconds, findings);
		if (before > 0)
			printf(" ratio=%.2f", processor / before);
		putchar('\n');
		fflush(stdout);
		before = processor;
	}
	free(work);
	free(library);
	return 0;
}
