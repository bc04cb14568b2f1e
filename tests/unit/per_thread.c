/* per_thread.c - memory of the interposer for each thread: given to a later thread, never to two. */
#include "interpose/base/private_heap.h"
#include "interpose/base/per_thread.c"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 1000 };

static struct per_thread all;
static unsigned allocated;

void *heap_zalloc(size_t size)
{
	allocated++;
	return aligned_alloc(16, (size + 15) & ~15ul);
}

static int start_anew(void **state)
{
	(void)state;
	all = (struct per_thread){ .size = SIZE };
	allocated = 0;
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	while (all.first) {
		struct per_thread_block *block = all.first;
		all.first = block->after;
		free(block);
	}
	return 0;
}

static void *claim_and_fill(void *arg)
{
	uint8_t *block = per_thread_claim(&all);
	uintptr_t used = 0;
	/* Fresh memory is not zeroed by the heap of this test. */
	for (unsigned i = 0; arg && i < SIZE; i++)
		used += block[i];
	memset(block, 1, SIZE);
	return (void *)used;
}

static void ten_thousand_threads_one_after_the_other_take_a_few_blocks(void **state)
{
	(void)state;
	void *used = NULL;
	for (unsigned i = 0; i < 10000; i++) {
		unsigned before = allocated;
		pthread_t thread;
		assert_int_equal(
			pthread_create(&thread, NULL, claim_and_fill, i ? (void *)1 : NULL), 0);
		pthread_join(thread, &used);
		assert_true(used == NULL || allocated > before);
	}
	/* The kernel may know a thread's number a moment longer than pthread_join(). */
	assert_in_range(allocated, 1, 100);
}

struct meeting {
	pthread_barrier_t all_here;
	void *blocks[100];
};

static struct meeting meeting;

static void *claim_and_meet(void *arg)
{
	*(void **)arg = per_thread_claim(&all);
	pthread_barrier_wait(&meeting.all_here);
	return NULL;
}

static void threads_that_live_have_blocks_of_their_own(void **state)
{
	(void)state;
	enum { COUNT = 100 };
	pthread_t threads[COUNT];
	pthread_barrier_init(&meeting.all_here, NULL, COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		pthread_create(&threads[i], NULL, claim_and_meet, &meeting.blocks[i]);
	for (unsigned i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&meeting.all_here);
	assert_int_equal(allocated, COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		for (unsigned k = 0; k < i; k++)
			assert_ptr_not_equal(meeting.blocks[i], meeting.blocks[k]);
}

static void a_block_given_back_is_taken_again(void **state)
{
	(void)state;
	void *block = per_thread_claim(&all);
	per_thread_release(block);
	assert_ptr_equal(per_thread_claim(&all), block);
	assert_int_equal(allocated, 1);
}

static void after_a_fork_the_threads_block_stays_its_own(void **state)
{
	(void)state;
	void *own = per_thread_claim(&all);
	per_thread_before_fork(&all);
	pid_t child = fork();
	per_thread_after_fork(&all, own, child == 0);
	if (child == 0)
		_exit(per_thread_claim(&all) == own);
	int status = 0;
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

#define BLOCK_TEST(name) cmocka_unit_test_setup_teardown(name, start_anew, free_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BLOCK_TEST(ten_thousand_threads_one_after_the_other_take_a_few_blocks),
		BLOCK_TEST(threads_that_live_have_blocks_of_their_own),
		BLOCK_TEST(a_block_given_back_is_taken_again),
		BLOCK_TEST(after_a_fork_the_threads_block_stays_its_own),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
