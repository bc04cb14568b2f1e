/* accesses.c - see accesses.h. */
#define _GNU_SOURCE
#include "interpose/variables/accesses.h"

#include "interpose/python/layout.h"
#include "interpose/variables/confirm.h"
#include "interpose/variables/explore.h"
#include "interpose/variables/extensions.h"
#include "interpose/variables/fields.h"
#include "interpose/variables/granules.h"
#include "interpose/variables/scope.h"
#include "interpose/variables/told.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

enum {
	NATIVE_CALLS = 16, /* looked at from an access up to the eval loop */
	FRAME_MAX = 65536, /* words between two frames on the C stack */
};

HIDDEN __thread const void *accesses_keeps __attribute__((tls_model("initial-exec")));
HIDDEN __thread const void *accesses_within __attribute__((tls_model("initial-exec")));
static uintptr_t eval_low, eval_size;
static const void *int_type, *float_type, *module_type;

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL struct {
	const void *frame;
	uintptr_t instruction, iterator;
} next_of; /* the last next() of an iterator that others have, too */

/* Is it looked at? */

/* Is the answer yes for a function of C between the access and the eval loop? i: 0 is the innermost. */
static inline bool has_caller(void *const *frame, bool is(uintptr_t at, unsigned i))
{
	for (unsigned i = 0; i < NATIVE_CALLS; i++) {
		uintptr_t at = (uintptr_t)frame[1];
		if (at - eval_low < eval_size)
			return false;
		if (is(at, i))
			return true;
		void *const *next = frame[0];
		if (next <= frame || next > frame + FRAME_MAX)
			return false;
		frame = next;
	}
	return false;
}

/* Does the access go through C code that works on its own objects? */
static inline bool is_own(uintptr_t at, unsigned i)
{
	(void)i;
	return sites_is_own(at);
}

extern HIDDEN const char __ehdr_start[], etext[]; /* of this library; the linker makes them */

/* Does an extension take the item (csv.reader)? It may hold a lock of its own. */
static inline bool is_extensions(uintptr_t at, unsigned i)
{
	(void)i;
	bool own = at - (uintptr_t)__ehdr_start < (uintptr_t)etext - (uintptr_t)__ehdr_start;
	return at - sites_low >= sites_size && !own;
}

static bool is_service(const void *frame)
{
	const uint8_t *unit = load_pointer(frame, python_at.frame_instr_ptr);
	return opcode_flags[*unit] & OP_SERVICE;
}

/* Of code that hands on what others ask of it: does the one who asks lie in code that is looked at? */
static __attribute__((noinline)) bool is_asked(const struct call *call)
{
	enum { DEEP = 6 };
	struct caller callers[DEEP];
	callers_of(call->frame, callers, DEEP);
	for (unsigned i = 0; i < DEEP && callers[i].frame; i++) {
		struct call caller = { .frame = callers[i].frame,
				       .code = callers[i].code,
				       .instruction = callers[i].instruction };
		name_call(&caller);
		if (!(caller.scope & SCOPE_HANDED))
			return caller.scope & SCOPE_TOLD && !(caller.scope & SCOPE_FINALIZER);
	}
	return false;
}

bool accesses_is_of_sync(const struct call *call)
{
	return UNLIKELY(call->scope & SCOPE_SYNC) &&
	       !(call->scope & SCOPE_HANDED && is_asked(call));
}

/*
 * What belongs to the object, __del__() uses after all others; a global may be another object's, whose __del__()
 * runs in another thread.
 */
static bool is_finalizing(const struct call *call)
{
	return call->scope & SCOPE_FINALIZER &&
	       !(opcode_flags[*(const uint8_t *)call->instruction] & (OP_GLOBAL | OP_GLOBAL1));
}

/* In code that is looked at, and for this code's own sake? */
static bool is_in_scope(const struct call *call)
{
	if (is_finalizing(call) || is_service(call->frame))
		return false;
	return call->scope & SCOPE_TOLD || (call->scope & SCOPE_HANDED && is_asked(call));
}

bool accesses_is_looked_at(const struct call *call)
{
	return is_in_scope(call) && !has_caller(__builtin_frame_address(0), is_own);
}

bool accesses_call(uintptr_t address, struct call *call)
{
	const void *frame = fibers_busy ? NULL : innermost_frame();
	if (!frame)
		return false;
	*call = call_of(frame);
	name_call(call);
	granule_share(granule_of(address));
	return true;
}

/* Who is to know of it. */

void accesses_note(const struct access *access, bool releases)
{
	patterns_note(access);
	fields_note(access);
	confirm_note(access);
	explore_note(access);
	if (told_enough(access) && !releases && !confirm_seen)
		return;
	fibers_enter();
	bool tells = !(tell_calls(access->frame) & SCOPE_FINALIZER);
	if (UNLIKELY(confirm_seen))
		told_between(access);
	if (tells)
		told_access(access);
	if (releases)
		fibers_tsan.release(access->stand_in);
	fibers_leave();
}

struct access accesses_of(const struct call *call, uintptr_t address, uint8_t site)
{
	extensions_order();
	struct access access = { .address = address,
				 .stand_in = stand_in(address),
				 .frame = call->frame,
				 .code = call->code,
				 .pc = call->pc,
				 .syncs = fibers_section(),
				 .moment = moment_now(),
				 .keeps = accesses_keeps == call->frame,
				 .within = accesses_within == call->frame,
				 .site = site };
	callers_of(call->frame, access.callers, PATTERNS_CALLERS);
	return access;
}

bool accesses_publishes(uint64_t value)
{
	const void *type = value ? load_pointer((const void *)value, OBJECT_TYPE) : NULL;
	return type != int_type && type != float_type;
}

bool accesses_is_ident(uint64_t value)
{
	enum { TWO_DIGITS = 2 << 3, DIGIT_BITS = 30 };
	const void *object = (const void *)value;
	if (!object || load_pointer(object, OBJECT_TYPE) != int_type ||
	    load64(object, python_at.int_tag) != TWO_DIGITS)
		return false;
	uint64_t low = (uint32_t)load32(object, python_at.int_digit),
		 high = (uint32_t)load32(object, python_at.int_digit + 4);
	return (high << DIGIT_BITS | low) == (uint64_t)pthread_self();
}

bool accesses_imports(const struct call *call, uint64_t value)
{
	const uint8_t *unit = (const uint8_t *)call->instruction;
	return value && opcode_flags[*unit] & OP_GLOBAL1 &&
	       load_pointer((const void *)value, OBJECT_TYPE) == module_type;
}

void accesses_share(uintptr_t memory, uint64_t bytes)
{
	if (!granule_is_mine(granule_of(memory)))
		return;
	for (uint64_t i = 0; i < bytes + 15; i += 16)
		granule_share(granule_of(memory + i));
}

void accesses_share_object(uintptr_t object)
{
	enum { MOST = 512 };
	for (unsigned i = 0; i < MOST && granule_is_mine(granule_of(object + i)); i += 16)
		granule_share(granule_of(object + i));
}

/* What the types' functions tell. */

static bool is_for_its_own(const struct call *call)
{
	return !accesses_is_of_sync(call) && accesses_is_looked_at(call) &&
	       !has_caller(__builtin_frame_address(0), is_extensions);
}

static void note_item(const struct call *call, uintptr_t container, uint64_t key,
		      enum site_operation what, enum site_class class, bool grows)
{
	uintptr_t body = container + OBJECT_BODY; /* behind the header; that is another one's */
	struct access access = accesses_of(call, body, (uint8_t)(what | class << 3));
	access.stand_in = key_stand_in(body, key);
	access.is_key = class == SITE_OTHER;
	access.takes = access.is_key && what == SITE_WRITE && !grows;
	accesses_note(&access, false);
}

void accesses_note_next(uintptr_t iterator)
{
	struct call call;
	if (!accesses_call(iterator, &call))
		return;
	bool same = next_of.frame == call.frame && next_of.instruction == call.instruction;
	/* That of an iterator takes items out of others: enumerate() of a list. */
	if (same && next_of.iterator != iterator)
		return;
	next_of.frame = call.frame;
	next_of.instruction = call.instruction;
	next_of.iterator = iterator;
	if (!is_for_its_own(&call))
		return;
	struct access access =
		accesses_of(&call, iterator, (uint8_t)(SITE_NEXT | SITE_ITERATOR << 3));
	accesses_note(&access, false);
}

void accesses_note_iteration(uintptr_t size, bool of_dict)
{
	struct call call;
	if (!accesses_call(size, &call) || accesses_is_of_sync(&call) ||
	    !accesses_is_looked_at(&call))
		return;
	enum site_class class = of_dict ? SITE_DICT : SITE_OTHER;
	struct access access = accesses_of(&call, size, (uint8_t)(SITE_SIZE | class << 3));
	access.iterates = true;
	/* Nobody acquires there: to ThreadSanitizer a read is nothing new after a write of the thread's. */
	static __thread char nobody __attribute__((tls_model("initial-exec")));
	fibers_order(&nobody, true);
	accesses_note(&access, false);
}

void accesses_note_whole(uintptr_t size, enum site_class class, enum whole what)
{
	struct call call;
	if (!accesses_call(size, &call) || !is_for_its_own(&call))
		return;
	bool reads = what != WHOLE_CUT && what != WHOLE_EMPTIED;
	struct access access =
		accesses_of(&call, size, (uint8_t)((reads ? SITE_SIZE : SITE_RESIZE) | class << 3));
	access.copies = what == WHOLE_COPIED;
	access.passes = what == WHOLE_PASSED;
	access.searches = what == WHOLE_SEARCHED;
	access.places = what == WHOLE_PLACED;
	access.cuts = !reads;
	access.empties = what == WHOLE_EMPTIED;
	accesses_note(&access, false);
}

void accesses_note_item(uintptr_t container, uint64_t key, enum site_operation what,
			enum site_class class)
{
	struct call call;
	if (!accesses_call(container + OBJECT_BODY, &call) || !is_for_its_own(&call))
		return;
	note_item(&call, container, key, what, class, false);
}

void accesses_note_set_key(const struct call *call, uintptr_t set, uint64_t hash, bool grows)
{
	note_item(call, set, hash, SITE_WRITE, SITE_OTHER, grows);
}

bool accesses_start(uintptr_t loop, uint64_t bytes)
{
	eval_low = loop;
	eval_size = bytes;
	int_type = dlsym(RTLD_DEFAULT, "PyLong_Type");
	float_type = dlsym(RTLD_DEFAULT, "PyFloat_Type");
	module_type = dlsym(RTLD_DEFAULT, "PyModule_Type");
	return int_type && float_type && module_type;
}
