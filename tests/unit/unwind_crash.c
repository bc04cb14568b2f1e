/*
 * unwind_crash.c - the crash handler of libftstress.so and the capture of a crashed process,
 * together. The program is fixtures/unwind_crash.c.
 */
#include "tests/unit/fixtures/program.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>

#include "ftstress/arena.h"

static char *fixture;

struct crash_run {
	struct program program;
	struct fts_arena *arena;
	struct fts_crash crash; /* the record */
	struct fts_crash_place place;
	struct capture capture;
};

static int build(void **state)
{
	(void)state;
	fixture = program_build("-O2 -fomit-frame-pointer -fno-optimize-sibling-calls -fno-inline "
				"-pthread -fno-builtin -fno-stack-protector",
				"tests/unit/fixtures/unwind_crash.c interpose/wrap/crash.c "
				"interpose/base/ring.c interpose/memory/places.c -ldl");
	return fixture ? 0 : -1;
}

static int remove_fixture(void **state)
{
	(void)state;
	program_remove(fixture);
	return 0;
}

static struct crash_run run(const char *mode)
{
	struct crash_run run = { 0 };
	int fd = memfd_create("arena", 0); /* inherited */
	assert_int_equal(ftruncate(fd, sizeof *run.arena), 0);
	run.arena = mmap(NULL, sizeof *run.arena, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	run.arena->magic = FTS_ARENA_MAGIC;
	run.arena->version = FTS_ARENA_VERSION;
	run.arena->ring_count = FTS_RING_COUNT;
	run.arena->ring_bytes = FTS_RING_BYTES;
	char *number = xprintf("%d", fd);
	setenv(FTS_ENV_ARENA, number, 1);
	run.program = program_start(fixture, mode, NULL);
	free(number);
	close(fd);
	return run;
}

/* The record of this type in the ring, and how many there are; NULL = none. */
static const struct fts_record *record_in(const struct fts_ring *ring, unsigned type, size_t *count)
{
	const struct fts_record *found = NULL;
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	*count = 0;
	for (uint64_t at = 0; at < head;) {
		const struct fts_record *record = (const struct fts_record *)(ring->data + at);
		if (record->type == type) {
			found = record;
			++*count;
		}
		at += record->length;
	}
	return found;
}

/* The runner's part: wait for the crash, take the stacks. */
static void take(struct crash_run *run)
{
	char *why;
	uint32_t tid;
	struct timespec limit = { 1, 0 };
	double end = now_seconds() + PROGRAM_SECONDS;
	while (!(tid = __atomic_load_n(&run->arena->crash_tid, __ATOMIC_ACQUIRE))) {
		assert_true(now_seconds() < end);
		syscall(SYS_futex, &run->arena->crash_tid, FUTEX_WAIT, 0, &limit, NULL, 0);
	}
	size_t count;
	const struct fts_record *record = record_in(&run->arena->ring[0], FTS_REC_CRASH, &count);
	if (!record)
		record = record_in(&run->arena->ring[FTS_RING_SHARED], FTS_REC_CRASH, &count);
	assert_int_equal(count, 1);
	memcpy(&run->crash, record + 1, sizeof run->crash);
	if (record->length - record->padding > sizeof *record + sizeof run->crash)
		memcpy(&run->place, (const uint8_t *)(record + 1) + sizeof run->crash,
		       sizeof run->place);
	assert_int_equal(
		capture_crashed(run->program.pid, (pid_t)tid, &run->crash, &run->capture, &why), 0);
	free(why);
}

static void let_go(struct crash_run *run)
{
	__atomic_store_n(&run->arena->crash_done, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &run->arena->crash_done, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

/* The wait status of the program. */
static int finish(struct crash_run *run)
{
	capture_clear(&run->capture);
	int status = program_end(&run->program);
	munmap(run->arena, sizeof *run->arena);
	return status;
}

static bool is_in(const struct crash_run *run, size_t frame, const char *function)
{
	const struct captured_thread *thread = &run->capture.threads[0];
	return frame < thread->count && thread->frames[frame].kind == CAPTURED_NATIVE &&
	       program_is_in(&run->program,
			     thread->frames[frame].pc - (thread->frames[frame].exact ? 0 : 1),
			     function);
}

static void a_bad_write_is_captured_where_it_happened(void **state)
{
	(void)state;
	struct crash_run bad = run("bad_write");
	take(&bad);
	assert_int_equal(bad.crash.signal, SIGSEGV);
	assert_int_equal(bad.crash.code, SEGV_MAPERR);
	assert_int_equal(bad.crash.address, 16);
	assert_int_equal(bad.place.flags, 0); /* nothing is known of it */
	const struct captured_thread *thread = &bad.capture.threads[0];
	assert_true(thread->crashed && thread->complete);
	assert_int_not_equal(thread->tid, bad.program.pid);
	assert_true(is_in(&bad, 0, "bad_write") && is_in(&bad, 1, "thread_main"));
	assert_true(thread->frames[0].exact);
	assert_int_equal(thread->frames[0].pc, bad.crash.registers[REG_RIP]);
	/* the other thread is there too */
	assert_int_equal(bad.capture.count, 2);
	assert_int_equal(bad.capture.threads[1].tid, bad.program.pid);
	let_go(&bad);
	assert_int_equal(finish(&bad) & 0x7f, SIGSEGV);
}

static void a_wild_call_shows_its_caller(void **state)
{
	(void)state;
	struct crash_run wild = run("wild_call");
	take(&wild);
	assert_int_equal(wild.crash.address, 0x123456);
	assert_int_equal(wild.capture.threads[0].frames[0].pc, 0x123456);
	assert_null(wild.capture.threads[0].frames[0].module);
	assert_true(is_in(&wild, 1, "wild_call") && is_in(&wild, 2, "thread_main"));
	let_go(&wild);
	assert_int_equal(finish(&wild) & 0x7f, SIGSEGV);
}

static void a_stack_overflow_is_told_from_the_alternate_stack(void **state)
{
	(void)state;
	struct crash_run deep = run("overflow");
	take(&deep);
	const struct captured_thread *thread = &deep.capture.threads[0];
	assert_true(is_in(&deep, 0, "overflow"));
	assert_int_equal(deep.place.flags, FTS_PLACE_STACK);
	assert_int_equal(deep.place.address, deep.crash.address);
	assert_int_equal(thread->frames[CAPTURE_INNERMOST].kind, CAPTURED_GAP);
	size_t outermost = thread->count - 1;
	while (outermost && !is_in(&deep, outermost, "thread_main"))
		outermost--;
	assert_true(is_in(&deep, outermost - 1, "overflowing"));
	let_go(&deep);
	assert_int_equal(finish(&deep) & 0x7f, SIGSEGV);
}

static void the_main_thread_has_an_alternate_stack_too(void **state)
{
	(void)state;
	struct crash_run deep = run("main:overflow");
	take(&deep);
	assert_int_equal(deep.capture.threads[0].tid, deep.program.pid);
	assert_true(is_in(&deep, 0, "overflow"));
	assert_int_equal(deep.place.flags, FTS_PLACE_STACK);
	let_go(&deep);
	assert_int_equal(finish(&deep) & 0x7f, SIGSEGV);
}

static void other_signals_keep_their_wait_status(void **state)
{
	static const struct {
		const char *mode;
		int signal;
	} cases[] = { { "divide", SIGFPE }, { "abort", SIGABRT } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct crash_run dead = run(cases[i].mode);
		take(&dead);
		assert_int_equal(dead.crash.signal, cases[i].signal);
		let_go(&dead);
		assert_int_equal(finish(&dead) & 0x7f, cases[i].signal);
	}
}

static void a_handler_of_the_program_has_the_signal(void **state)
{
	(void)state;
	struct crash_run own = run("own_handler");
	int status = program_end(&own.program);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(own.arena->ring[0].head, 0);
	munmap(own.arena, sizeof *own.arena);
}

static void a_handler_that_raises_the_signal_again_leaves_it_to_ours(void **state)
{
	(void)state;
	struct crash_run chain = run("chain_handler");
	take(&chain);
	size_t at = 0;
	while (at < chain.capture.threads[0].count && !is_in(&chain, at, "bad_write"))
		at++;
	assert_true(at > 0 && is_in(&chain, at, "bad_write"));
	/* it stands below the program's handler: interrupted, so its address is exact */
	assert_true(chain.capture.threads[0].frames[at].exact);
	let_go(&chain);
	assert_int_equal(finish(&chain) & 0x7f, SIGSEGV);
}

static void the_default_action_is_ours(void **state)
{
	(void)state;
	struct crash_run plain = run("default_handler");
	take(&plain);
	assert_true(is_in(&plain, 0, "bad_write"));
	let_go(&plain);
	assert_int_equal(finish(&plain) & 0x7f, SIGSEGV);
}

static void two_threads_that_crash_make_one_record(void **state)
{
	(void)state;
	struct crash_run two = run("twice");
	take(&two);
	assert_int_equal(two.capture.count, 3);
	let_go(&two);
	struct fts_arena *arena = two.arena;
	capture_clear(&two.capture);
	assert_int_equal(program_end(&two.program) & 0x7f, SIGSEGV);
	size_t records = 0, count;
	for (size_t i = 0; i < FTS_RING_COUNT; i++, records += count)
		record_in(&arena->ring[i], FTS_REC_CRASH, &count);
	assert_int_equal(records, 1);
	assert_int_equal(arena->crash_lock, 0);
	munmap(arena, sizeof *arena);
}

static void a_lock_that_a_dead_process_left_is_taken_over(void **state)
{
	(void)state;
	pid_t dead = fork();
	if (dead == 0)
		_exit(0);
	waitpid(dead, NULL, 0);
	struct crash_run bad = run("divide");
	bad.arena->crash_lock = (uint32_t)dead;
	take(&bad);
	let_go(&bad);
	assert_int_equal(finish(&bad) & 0x7f, SIGFPE);
}

static void a_forked_child_of_the_program_is_told_too(void **state)
{
	(void)state;
	struct crash_run child = run("in_child");
	double end = now_seconds() + PROGRAM_SECONDS;
	while (!__atomic_load_n(&child.arena->crash_tid, __ATOMIC_ACQUIRE))
		assert_true(now_seconds() < end);
	assert_int_not_equal(child.arena->crash_tid, child.program.pid);
	let_go(&child);
	assert_int_equal(WEXITSTATUS(finish(&child)), SIGSEGV);
}

static void a_crash_in_a_signal_handler_shows_what_was_interrupted(void **state)
{
	static const char *const modes[] = { "in_handler", "in_handler_there" };
	(void)state;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct crash_run bad = run(modes[i]);
		take(&bad);
		assert_int_equal(bad.crash.signal, SIGSEGV);
		assert_true(is_in(&bad, 0, "bad_write") && is_in(&bad, 1, "writes_badly"));
		size_t at = 2;
		while (at < bad.capture.threads[0].count && !is_in(&bad, at, "thread_main"))
			at++;
		assert_true(at < bad.capture.threads[0].count);
		let_go(&bad);
		assert_int_equal(finish(&bad) & 0x7f, SIGSEGV);
	}
}

static void a_crash_while_a_record_is_written_loses_none_of_those_before(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct crash_run bad = run("bad_record");
		size_t count;
		take(&bad);
		assert_int_equal(bad.crash.signal, SIGSEGV);
		assert_true(bad.crash.address >= 16 && bad.crash.address < 16 + 64);
		size_t at = 0;
		while (at < bad.capture.threads[0].count && !is_in(&bad, at, "bad_record"))
			at++;
		assert_true(at < bad.capture.threads[0].count);
		record_in(&bad.arena->ring[0], FTS_REC_NOTE, &count);
		assert_int_equal(count, 2);
		assert_int_equal(bad.arena->lost, 0);
		let_go(&bad);
		assert_int_equal(finish(&bad) & 0x7f, SIGSEGV);
	}
}

static void a_thread_with_64_kib_of_stack_is_told_like_any_other(void **state)
{
	(void)state;
	struct crash_run bad = run("small_stack");
	take(&bad);
	assert_int_equal(bad.crash.address, 16);
	assert_true(is_in(&bad, 0, "bad_write"));
	assert_int_equal(bad.capture.count, 3);
	let_go(&bad);
	assert_int_equal(finish(&bad) & 0x7f, SIGSEGV);
	struct crash_run deep = run("small_overflow");
	take(&deep);
	assert_true(is_in(&deep, 0, "overflow"));
	assert_int_equal(deep.place.flags, FTS_PLACE_STACK);
	let_go(&deep);
	assert_int_equal(finish(&deep) & 0x7f, SIGSEGV);
}

static void twenty_crashes_of_a_kind_are_twenty_full_records(void **state)
{
	static const struct {
		const char *mode, *function;
		int signal;
	} kinds[] = { { "bad_write", "bad_write", SIGSEGV },
		      { "wild_call", NULL, SIGSEGV },
		      { "overflow", "overflow", SIGSEGV },
		      { "divide", "divide", SIGFPE },
		      { "abort", NULL, SIGABRT },
		      { "in_handler", "bad_write", SIGSEGV },
		      { "small_stack", "bad_write", SIGSEGV } };
	(void)state;
	for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
		for (int i = 0; i < 20; i++) {
			struct crash_run dead = run(kinds[kind].mode);
			take(&dead);
			assert_int_equal(dead.crash.signal, kinds[kind].signal);
			assert_true(dead.capture.count > 1 && dead.capture.threads[0].count > 2);
			assert_true(!kinds[kind].function || is_in(&dead, 0, kinds[kind].function));
			assert_int_equal(dead.capture.threads[0].frames[0].pc,
					 dead.crash.registers[REG_RIP]);
			let_go(&dead);
			assert_int_equal(finish(&dead) & 0x7f, kinds[kind].signal);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_write_is_captured_where_it_happened),
		cmocka_unit_test(a_wild_call_shows_its_caller),
		cmocka_unit_test(a_stack_overflow_is_told_from_the_alternate_stack),
		cmocka_unit_test(the_main_thread_has_an_alternate_stack_too),
		cmocka_unit_test(other_signals_keep_their_wait_status),
		cmocka_unit_test(a_handler_of_the_program_has_the_signal),
		cmocka_unit_test(a_handler_that_raises_the_signal_again_leaves_it_to_ours),
		cmocka_unit_test(the_default_action_is_ours),
		cmocka_unit_test(two_threads_that_crash_make_one_record),
		cmocka_unit_test(a_lock_that_a_dead_process_left_is_taken_over),
		cmocka_unit_test(a_forked_child_of_the_program_is_told_too),
		cmocka_unit_test(a_crash_in_a_signal_handler_shows_what_was_interrupted),
		cmocka_unit_test(a_crash_while_a_record_is_written_loses_none_of_those_before),
		cmocka_unit_test(a_thread_with_64_kib_of_stack_is_told_like_any_other),
		cmocka_unit_test(twenty_crashes_of_a_kind_are_twenty_full_records),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, build, remove_fixture);
}
