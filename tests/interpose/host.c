/*
 * host.c - runs a program under libftstress.so as the runner does, and prints what it wrote.
 *
 *   host LIBRARY PROGRAM [ARG...]
 *
 * One line for each record: "hook live NAME", "report ACCESSES FRAMES...", "module PATH"; one for
 * each C function that could be covered: "cover PATH OFFSET BITS"; and the program's exit at the
 * end: "exit STATUS". For the TAP tests beside this file.
 */
#include "runner/records/arena.h"
#include "ftstress/record.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARENA_FD 20
#define CODES 65536

static char *code_names[CODES]; /* qualified names by id */

/* The innermost Python function in the stack. */
static const char *python_function(const uint64_t *frames, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint32_t id = FTS_PC_CODE(frames[i]);
		if (FTS_PC_IS_PYTHON(frames[i]) && id < CODES && code_names[id])
			return code_names[id];
	}
	return "-";
}

static void print_report(const uint8_t *at)
{
	struct fts_report report;
	memcpy(&report, at, sizeof report);
	at += sizeof report;
	printf("report kind=%u text=%.*s", report.kind, report.text_length, (const char *)at);
	at += (report.text_length + 7) & ~7;
	const char *made = NULL, *user = NULL;
	int maker = -1, frees = 0, late = 0;
	unsigned freed_frames = 0;
	for (unsigned i = 0; i < report.section_count; i++) {
		struct fts_section section;
		memcpy(&section, at, sizeof section);
		const char *function = python_function(
			(const uint64_t *)(const void *)(at + sizeof section), section.frame_count);
		at += sizeof section + 8 * section.frame_count;
		if (section.kind == FTS_SEC_ACCESS && section.flags & FTS_ACCESS_FREES)
			frees = 1, freed_frames = section.frame_count;
		else if (section.kind == FTS_SEC_ACCESS && !user)
			user = function, late = !!(section.flags & FTS_ACCESS_LATE);
		if (section.kind == FTS_SEC_OBJECT && section.frame_count) {
			made = function;
			maker = section.tid;
		}
		printf(" section=%u/%u", section.kind, section.frame_count);
		if (section.kind == FTS_SEC_OBJECT)
			printf(":%s%.*s+%lu", section.flags & FTS_OBJECT_DATA ? "data of " : "",
			       (int)section.text_length, (const char *)at, section.value);
		if (section.kind == FTS_SEC_MUTEX && section.flags)
			printf(":%u:%.*s", section.flags >> 8, (int)section.text_length,
			       (const char *)at);
		at += (section.text_length + 7) & ~7u;
	}
	if (made)
		printf(" made in %s by %d", made, maker);
	if (late)
		printf(" late, freed with %u frames", freed_frames);
	printf("%s user=%s\n", frees ? " freed" : "", user ? user : "-");
}

static void print_record(uint32_t type, const uint8_t *payload, uint32_t pid)
{
	struct fts_hook hook;
	struct fts_module module;
	struct fts_code code;
	const char *text = (const char *)payload;
	switch (type) {
	case FTS_REC_HOOK:
		memcpy(&hook, payload, sizeof hook);
		printf("hook %s %.*s: %.*s\n", hook.state == FTS_HOOK_LIVE ? "live" : "off",
		       hook.name_length, text + sizeof hook, hook.why_length,
		       text + sizeof hook + hook.name_length);
		break;
	case FTS_REC_MODULE:
		memcpy(&module, payload, sizeof module);
		printf("module %.*s\n", module.path_length, text + sizeof module);
		break;
	case FTS_REC_CODE:
		memcpy(&code, payload, sizeof code);
		printf("code %.*s %d\n", (int)code.qualname_length, text + sizeof code,
		       code.first_line);
		if (code.id < CODES && !code_names[code.id])
			code_names[code.id] = strndup(text + sizeof code, code.qualname_length);
		break;
	case FTS_REC_REPORT:
		print_report(payload);
		break;
	default:
		printf("record %u pid %u\n", type, pid);
	}
}

static void take(void *arg, const uint8_t *records, size_t length)
{
	(void)arg;
	for (size_t at = 0; at < length;) {
		struct fts_record header;
		memcpy(&header, records + at, sizeof header);
		print_record(header.type, records + at + sizeof header, header.pid);
		at += header.length;
	}
}

static void print_covered(const struct fts_cover *cover)
{
	for (uint32_t i = 0; i < FTS_COVER_MODULES; i++) {
		const struct fts_cover_module *module = &cover->module[i];
		if (module->state != FTS_COVER_READY || !module->first)
			continue;
		for (uint32_t k = module->first; k < module->first + module->count; k++)
			printf("cover %s %x %u\n", module->path, cover->offset[k],
			       cover->reached[k]);
	}
}

int main(int argc, char **argv)
{
	struct arena arena = { 0 };
	if (argc < 3 || arena_open(&arena))
		return 99;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(arena.fd, ARENA_FD);
		setenv("FTSTRESS_ARENA_FD", "20", 1);
		setenv("LD_PRELOAD", argv[1], 1);
		char options[256];
		const char *more = getenv("HOST_TSAN_OPTIONS");
		snprintf(
			options, sizeof options,
			"handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:symbolize=0:"
			"exitcode=0:die_after_fork=0:history_size=4:detect_deadlocks=0:%s",
			more ? more : "");
		setenv("TSAN_OPTIONS", options, 1);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	int status = 0;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		arena_drain(&arena, take, NULL);
		usleep(20000);
	}
	struct arena_lost lost = arena_drain(&arena, take, NULL);
	print_covered(&arena.shared->cover);
	printf("lost %lu\nexit %d\n", lost.records,
	       WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	arena_close(&arena);
	return 0;
}
