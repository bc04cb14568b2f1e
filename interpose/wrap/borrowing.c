/*
 * borrowing.c - the functions of the C API that return a borrowed reference, and what an extension does
 * with it (borrowed.h).
 *
 * A call by the interpreter's own code goes on with a jump. One by an extension comes back here, so that
 * it is known what was borrowed; ThreadSanitizer is told of the frame that stands between. Macros
 * (PyList_GET_ITEM, PySequence_Fast_ITEMS) call nothing: their reads of the container are the extension's
 * own, and race with who writes it.
 */
#define _GNU_SOURCE
#include "interpose/base/concern.h"
#include "interpose/base/symbol.h"
#include "interpose/memory/borrowed.h"
#include "interpose/memory/counts.h"
#include "interpose/python/layout.h"
#include "interpose/python/walk.h"
#include "interpose/stacks/stacks.h"

#define HERE __builtin_return_address(0)
#define FRAME __builtin_frame_address(0)

enum { FRAME_MOST = 1 << 16, SIZES = 5 };

static void (*func_exit)(void);
static tsan_access *real_read[SIZES];
static bool reads_seen;

/* In the place of TSan's functions from the first borrowed object on, reached by a jump. */
#define READ(index)                                                                                \
	static __attribute__((noinline)) void read_of_borrower_##index(void *address)              \
	{                                                                                          \
		borrowed_read((uint64_t)address, (uintptr_t)HERE, FRAME);                          \
		JUMP real_read[index](address);                                                    \
	}                                                                                          \
	static void read_##index(void *address)                                                    \
	{                                                                                          \
		if (UNLIKELY(borrowed_count))                                                      \
			JUMP read_of_borrower_##index(address);                                    \
		JUMP real_read[index](address);                                                    \
	}
READ(0)
READ(1)
READ(2)
READ(3)
READ(4)

static void see_reads(void)
{
	static tsan_access *const seen[SIZES] = { read_0, read_1, read_2, read_3, read_4 };
	for (unsigned i = 0; i < SIZES; i++)
		__atomic_store_n(&stacks_real_read[i], seen[i], __ATOMIC_RELEASE);
	reads_seen = true;
}

/* Where the frame of the function ends that has called the one whose frame it is. */
static uint64_t limit_of(const void *frame)
{
	uint64_t caller = load64(frame, 0), at = (uint64_t)frame;
	return caller > at && caller - at < FRAME_MOST ? caller : at + 8;
}

static void took(const void *object, const void *container, const char *by, uint64_t limit)
{
	if (!object)
		return;
	borrowed_note((uint64_t)object, container, by, limit);
	if (UNLIKELY(!reads_seen) && borrowed_any)
		see_reads();
}

static inline bool is_extension(const void *place)
{
	return UNLIKELY(!borrowed_in(borrowed_python, (uintptr_t)place)) && borrowed_on;
}

typedef void *borrowing(void *from, void *key, void *more);

static __attribute__((noinline)) void *borrow(borrowing *real, const char *by, void *from,
					      void *key, void *more, void *place, uint64_t limit)
{
	stacks_real_func_entry(place);
	void *object = real(from, key, more);
	func_exit();
	took(object, from, by, limit);
	return object;
}

/* Three arguments, of which a function may have fewer. */
#define BORROWS(function)                                                                          \
	EXPORT borrowing function;                                                                 \
	void *function(void *from, void *key, void *more)                                          \
	{                                                                                          \
		static borrowing *real;                                                            \
		if (UNLIKELY(!real))                                                               \
			real = (borrowing *)symbol_need(#function);                                \
		if (!is_extension(HERE))                                                           \
			JUMP real(from, key, more);                                                \
		return borrow(real, #function, from, key, more, HERE, limit_of(FRAME));            \
	}

BORROWS(PyDict_GetItem)
BORROWS(PyDict_GetItemWithError)
BORROWS(PyDict_GetItemString)
BORROWS(_PyDict_GetItemWithError)
BORROWS(_PyDict_GetItemStringWithError)
BORROWS(_PyDict_GetItem_KnownHash)
BORROWS(PyDict_SetDefault)
BORROWS(PyList_GetItem)
BORROWS(PyTuple_GetItem)
BORROWS(PyStructSequence_GetItem)
BORROWS(PyWeakref_GetObject)
BORROWS(_PyType_Lookup)

/* Of keys a dict looks at some itself, to compare them: only the value counts. */
EXPORT int PyDict_Next(void *dict, void *position, void **key, void **value);
int PyDict_Next(void *dict, void *position, void **key, void **value)
{
	static int (*real)(void *, void *, void **, void **);
	if (UNLIKELY(!real))
		real = (int (*)(void *, void *, void **, void **))symbol_need("PyDict_Next");
	if (!is_extension(HERE) || !value)
		JUMP real(dict, position, key, value);
	stacks_real_func_entry(HERE);
	int more = real(dict, position, key, value);
	func_exit();
	if (more)
		took(*value, dict, "PyDict_Next", limit_of(FRAME));
	return more;
}

/* It borrows from the dict of the module sys. */
EXPORT void *PySys_GetObject(const char *name);
void *PySys_GetObject(const char *name)
{
	static void *(*real)(const char *);
	if (UNLIKELY(!real))
		real = (void *(*)(const char *))symbol_need("PySys_GetObject");
	if (!is_extension(HERE))
		JUMP real(name);
	stacks_real_func_entry(HERE);
	void *object = real(name);
	func_exit();
	took(object, NULL, "PySys_GetObject", limit_of(FRAME));
	return object;
}

static bool start(const char **why)
{
	if (!counts_on) {
		*why = CONCERN_OFF;
		return false;
	}
	struct walk_range python = walk_range_of(stacks_eval_low);
	func_exit = (void (*)(void))symbol_next("__tsan_func_exit");
	for (unsigned i = 0; i < SIZES; i++)
		real_read[i] = stacks_real_read[i];
	if (!func_exit || !python.size ||
	    !borrowed_start((struct borrowed_code){ python.low, python.size },
			    (struct borrowed_code){ stacks_eval_low, stacks_eval_size })) {
		*why = "this ThreadSanitizer keeps what it knows of memory in another way";
		return false;
	}
	return true;
}

const struct concern concern_borrowing = { .name = "borrowed references", .start = start };
