/*
 * kinds.h - the kinds of findings, one line each, in the order in which reports list them.
 *
 * X(NAME, name): FINDING_NAME in C, and kind_name, all that is known of the kind, which stands in
 * runner/model/kinds/NAME.c (see runner/model/kinds.h).
 */
#ifndef FTSTRESS_KINDS_H
#define FTSTRESS_KINDS_H

/* clang-format off */
#define FINDING_KIND_LIST(X) \
	X(USE_AFTER_FREE, use_after_free) \
	X(DOUBLE_FREE, double_free) \
	X(BAD_FREE, bad_free) \
	X(REFERENCE_COUNT, reference_count) \
	X(BORROWED_REFERENCE, borrowed_reference) \
	X(CRASH, crash) \
	X(DATA_RACE, data_race) \
	X(PYTHON_RACE, python_race) \
	X(LOCK_ORDER, lock_order) \
	X(LOCK_MISUSE, lock_misuse) \
	X(DEADLOCK, deadlock) \
	X(LIVELOCK, livelock) \
	X(FORK_LOCK, fork_lock) \
	X(HANG, hang) \
	X(LEAK, leak) \
	X(OUT_OF_MEMORY, out_of_memory) \
	X(TEST_FAILURE, test_failure) \
	X(GIL_ENABLED, gil_enabled)
/* clang-format on */

#endif
