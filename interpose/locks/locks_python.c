/*
 * locks_python.c - what the locks concern reads of CPython: critical sections, Python frames, and
 * where threading.Lock and RLock objects are made.
 *
 * The place where a Lock or RLock object is made is its class. Such objects get one more word,
 * behind their own fields. It says which class the lock is of, and which lock of the class it is.
 * The word costs no memory, since blocks are multiples of 16 bytes; and it ends with the object, so
 * that no table has to be kept up to date:
 *
 *     63      48 47  46 45       28 27            0      s: used as a signal
 *     | check   |s |g | class     | number in it |      g: in the graph: an edge has it as held
 *
 * The check is a hash of the lock's address: of a lock that was made before there was such a word,
 * it does not fit. A lock of PyThread_allocate_lock() may be a semaphore (release.h). That has room
 * for the word, too; bit 45 says that it is an RLock's.
 */
#define _GNU_SOURCE
#include "interpose/locks/locks.h"
#include "interpose/base/symbol.h"

#include "interpose/python/code.h"
#include "ftstress/record.h"
#include "interpose/python/layout.h"
#include "interpose/base/ring.h"
#include "interpose/python/release.h"
#include "interpose/python/walk.h"
#include "interpose/stacks/stacks.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

enum {
	SECTION_INACTIVE =
		1,       /* tags of the pointer in the thread state: the section is suspended, */
	SECTION_TWO = 2, /* it is one of two mutexes */
	SEMAPHORE_WORD = 24, /* in a sem_t of 32 bytes, of which glibc uses 16 */
	TYPE_INLINE_VALUES = 1 << 2,
};

enum { CLASSES = 1 << 15, CLASS_FRAMES = 6 };

/* The classes: an open-addressed table by the hash of the frames. Entries are never removed. */
static struct class {
	uint64_t hash;  /* 0 = free; written last */
	uint32_t count; /* locks made so far */
	uint32_t frame_count;
	uint64_t frames[CLASS_FRAMES];
} classes[CLASSES];
static struct raw_lock classes_lock;

HIDDEN long python_tstate_offset;
static void *str_type;
static struct threading_type {
	void *type;
	uint32_t word; /* offset of our word in the object */
	void *(*alloc)(void *type,
		       long items); /* tp_alloc and tp_dealloc, before we replaced them */
	void (*dealloc)(void *object);
} lock_type, rlock_type;

HIDDEN uintptr_t locks_python_low, locks_python_size;

bool python_attached(const void *tstate)
{
	return tstate && load32(tstate, python_at.tstate_state) == 1;
}

const void *python_frame(const void *tstate)
{
	return tstate ? load_pointer(tstate, python_at.tstate_current_frame) : NULL;
}

bool python_in_section(const void *tstate, uint64_t mutex)
{
	uint64_t at = tstate ? load64(tstate, python_at.tstate_critical_section) : 0;
	while (at && !(at & SECTION_INACTIVE)) {
		const void *section = (const void *)(at & ~3ull);
		if (load64(section, python_at.section_mutex) == mutex ||
		    ((at & SECTION_TWO) && load64(section, python_at.section_mutex2) == mutex))
			return true;
		at = load64(section, python_at.section_previous);
	}
	return false;
}

/* Lock objects. */

/* If both addresses lie in one page, the other one can be read where the first one can. */
static inline bool same_page(uint64_t address, uint64_t other)
{
	return (address ^ other) >> 12 == 0;
}

static inline const struct threading_type *threading_type(uint64_t address)
{
	uint64_t type = address - python_at.lock_mutex + OBJECT_TYPE;
	if (address % 16 || !same_page(address, type))
		return NULL;
	void *found = *(void **)type;
	if (found == lock_type.type)
		return &lock_type;
	return found == rlock_type.type ? &rlock_type : NULL;
}

enum fts_lock_kind python_mutex_kind(uint64_t address)
{
	if (address % 16 == OBJECT_MUTEX && same_page(address, address + 21))
		return FTS_LOCK_OBJECT;
	const struct threading_type *type = threading_type(address);
	return type == &lock_type ? FTS_LOCK_LOCK : type ? FTS_LOCK_RLOCK : FTS_LOCK_PYMUTEX;
}

static uint64_t *word_of(uint64_t address, enum fts_lock_kind kind)
{
	if (kind == FTS_LOCK_LOCK)
		return (uint64_t *)(address - python_at.lock_mutex + lock_type.word);
	if (kind == FTS_LOCK_PYTHREAD || (kind == FTS_LOCK_RLOCK && python_release->semaphores))
		return (uint64_t *)(address + SEMAPHORE_WORD);
	if (kind == FTS_LOCK_RLOCK)
		return (uint64_t *)(address - python_at.lock_mutex + rlock_type.word);
	return NULL;
}

bool python_is_free(uint64_t address, uint32_t kind)
{
	if (kind == FTS_LOCK_PYTHREAD || (kind == FTS_LOCK_RLOCK && python_release->semaphores))
		return load32((const void *)address, 0) != 0;
	if (kind == FTS_LOCK_LOCK || kind == FTS_LOCK_RLOCK)
		return !(*(const volatile uint8_t *)address & 1);
	return false;
}

#define WORD_SIGNAL (1ull << 47)
#define WORD_IN_GRAPH (1ull << 46)
#define WORD_RLOCK (1ull << 45) /* of a semaphore: an RLock's */
#define WORD_IDENTITY (WORD_RLOCK - 1)

static uint64_t check_of(uint64_t object)
{
	return ((object * 0x9e3779b97f4a7c15ull >> 49) | 1) << 48;
}

static uint64_t word_at(uint64_t address, enum fts_lock_kind kind)
{
	const uint64_t *word = word_of(address, kind);
	if (!word)
		return 0;
	uint64_t value = __atomic_load_n(word, __ATOMIC_RELAXED);
	return value >> 48 << 48 == check_of(address) ? value : 0;
}

uint64_t python_identity(uint64_t address, enum fts_lock_kind kind)
{
	return word_at(address, kind) & WORD_IDENTITY;
}

bool python_is_signal(uint64_t address, uint32_t kind)
{
	return word_at(address, kind) & WORD_SIGNAL;
}

void python_set_signal(uint64_t address, enum fts_lock_kind kind)
{
	if (word_at(address, kind))
		__atomic_fetch_or(word_of(address, kind), WORD_SIGNAL, __ATOMIC_RELAXED);
}

bool python_set_in_graph(uint64_t address, enum fts_lock_kind kind, bool set)
{
	uint64_t word = word_at(address, kind);
	if (set && word && !(word & WORD_IN_GRAPH))
		__atomic_fetch_or(word_of(address, kind), WORD_IN_GRAPH, __ATOMIC_RELAXED);
	return !word || (word & WORD_IN_GRAPH);
}

/*
 * An import lock is a Python object with its attributes in the inline values behind it, in the
 * order in which _ModuleLock.__init__ sets them: lock, wakeup, name.
 */
void python_module_name(uint64_t module_lock, char *name, unsigned room)
{
	const char *object = (const char *)module_lock, *type = load_pointer(object, OBJECT_TYPE);
	const char *values = object + load64(type, python_at.type_basicsize);
	const char *text = load_pointer(values, 8 + 2 * 8);
	name[0] = '\0';
	if (!(load64(type, python_at.type_flags) & TYPE_INLINE_VALUES) || values[1] < 3 ||
	    !values[3] || !text || load_pointer(text, OBJECT_TYPE) != str_type)
		return;
	uint64_t length = load64(text, python_at.str_length);
	raw_copy(name, text + python_at.str_ascii_data, length < room ? length : room - 1);
	name[length < room ? length : room - 1] = '\0';
}

/* Frames. */

/* The position of the innermost frame that is not importlib's own: the line that imports. */
static uint64_t importing(const void *frame)
{
	static const char prefix[] = "<frozen importlib";
	for (; frame; frame = load_pointer(frame, python_at.frame_previous)) {
		const char *code = walk_is_entry(frame) ? NULL : walk_code(frame), *name;
		if (!code || !walk_is_code(code))
			continue;
		name = (const char *)load_pointer(code, python_at.code_filename) +
		       python_at.str_ascii_data;
		unsigned same = 0;
		while (prefix[same] && name[same] == prefix[same])
			same++;
		if (prefix[same])
			return walk_position(frame, load64(frame, python_at.frame_instr_ptr));
	}
	return 0;
}

void python_position(struct fts_held *held, const void *tstate)
{
	const void *frame = python_frame(tstate);
	held->frame = (uint64_t)frame;
	held->position = 0;
	if (!frame)
		return;
	held->instruction = load64(frame, python_at.frame_instr_ptr);
	held->code = load64(frame, python_at.frame_executable) & ~1ull;
	if (held->kind == FTS_LOCK_MODULE)
		held->position = importing(frame);
	else if (held->kind != FTS_LOCK_OBJECT)
		held->position = walk_position(frame, held->instruction);
}

uint64_t python_pc_of(const struct fts_held *held)
{
	const void *frame = (const void *)held->frame;
	if (held->position)
		return held->position;
	return (uint64_t)walk_code(frame) == held->code ? walk_position(frame, held->instruction)
							: 0;
}

/* Where locks are made and freed. */

static uint64_t hash_frames(const uint64_t *frames, unsigned count)
{
	uint64_t hash = 1;
	for (unsigned i = 0; i < count; i++) {
		hash = (hash ^ frames[i]) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return hash | 1;
}

/* The identity of a lock that the calling thread makes now; 0 if the table of classes is full. */
static uint64_t new_identity(void)
{
	uint64_t frames[CLASS_FRAMES];
	unsigned count = walk_callers(python_frame(python_tstate()), frames, CLASS_FRAMES);
	uint64_t hash = hash_frames(frames, count);
	uint32_t at = (uint32_t)(hash >> 20) % CLASSES, tries = 0;
	for (; tries < 64; tries++, at = (at + 1) % CLASSES) {
		uint64_t seen = __atomic_load_n(&classes[at].hash, __ATOMIC_ACQUIRE);
		if (seen == hash)
			break;
		if (seen)
			continue;
		raw_lock(&classes_lock);
		bool mine = classes[at].hash == 0;
		if (mine) {
			classes[at].frame_count = count;
			for (unsigned i = 0; i < count; i++)
				classes[at].frames[i] = frames[i];
			__atomic_store_n(&classes[at].hash, hash, __ATOMIC_RELEASE);
		}
		raw_unlock(&classes_lock);
		if (mine || classes[at].hash == hash)
			break;
	}
	if (tries == 64) {
		ring_limit(FTS_LIMIT_LOCK_PLACES);
		return 0;
	}
	uint64_t number = __atomic_add_fetch(&classes[at].count, 1, __ATOMIC_RELAXED);
	return (uint64_t)at << 28 | (number & ((1u << 28) - 1));
}

unsigned python_class_frames(uint64_t identity, const uint64_t **frames)
{
	const struct class *class = &classes[identity >> 28 & (CLASSES - 1)];
	*frames = class->frames;
	return identity ? class->frame_count : 0;
}

void python_locks_before_fork(void)
{
	raw_lock(&classes_lock);
}

void python_locks_after_fork(void)
{
	raw_unlock(&classes_lock);
}

static void *alloc(struct threading_type *type, void *of, long items)
{
	char *object = type->alloc(of, items);
	uint64_t identity = object ? new_identity() : 0;
	if (identity)
		*(uint64_t *)(object + type->word) =
			check_of((uint64_t)object + python_at.lock_mutex) | identity;
	return object;
}

static void *lock_alloc(void *type, long items)
{
	return alloc(&lock_type, type, items);
}

static void *rlock_alloc(void *type, long items)
{
	return alloc(&rlock_type, type, items);
}

/* This thread has allocated an RLock; the next semaphore that it makes is the RLock's. */
static __thread bool makes_rlock __attribute__((tls_model("initial-exec")));

static void *semaphore_rlock_alloc(void *type, long items)
{
	makes_rlock = true;
	return rlock_type.alloc(type, items);
}

void python_semaphore_made(void *semaphore)
{
	uint64_t identity = new_identity();
	if (makes_rlock)
		identity |= WORD_RLOCK;
	makes_rlock = false;
	*(uint64_t *)((char *)semaphore + SEMAPHORE_WORD) =
		check_of((uint64_t)semaphore) | identity;
}

void python_semaphore_renewed(const void *before, void *semaphore)
{
	uint64_t word = word_at((uint64_t)before, FTS_LOCK_PYTHREAD);
	if (word)
		*(uint64_t *)((char *)semaphore + SEMAPHORE_WORD) =
			check_of((uint64_t)semaphore) | (word & (WORD_IDENTITY | WORD_RLOCK));
}

enum fts_lock_kind python_semaphore_kind(uint64_t address)
{
	return word_at(address, FTS_LOCK_PYTHREAD) & WORD_RLOCK ? FTS_LOCK_RLOCK
								: FTS_LOCK_PYTHREAD;
}

/* A lock may be freed while it is held: the waiters of a Condition are. */
static void dealloc(struct threading_type *type, char *object)
{
	uint64_t address = (uint64_t)object + python_at.lock_mutex;
	if (locks_on)
		locks_ended(address, type == &lock_type ? FTS_LOCK_LOCK : FTS_LOCK_RLOCK);
	type->dealloc(object);
}

static void lock_dealloc(void *object)
{
	dealloc(&lock_type, object);
}

static void rlock_dealloc(void *object)
{
	dealloc(&rlock_type, object);
}

/* Every object ends here. A lock in it ends, too: later its memory may hold another one. */
EXPORT void _Py_Dealloc(void *object);
void _Py_Dealloc(void *object)
{
	static void (*real)(void *);
	if (UNLIKELY(!real))
		real = (void (*)(void *))symbol_need("_Py_Dealloc");
	if (locks_on)
		locks_freed(object);
	__attribute__((musttail)) return real(object);
}

HIDDEN bool python_memory_ends;

/* The same for a block of PyMem_Malloc(). One that moves, or may have moved, has ended, too. */
EXPORT void PyMem_Free(void *block);
void PyMem_Free(void *block)
{
	static void (*real)(void *);
	if (UNLIKELY(!real))
		real = (void (*)(void *))symbol_need("PyMem_Free");
	if (locks_on)
		locks_freed(block);
	else
		python_memory_ends = true;
	JUMP real(block);
}

EXPORT void *PyMem_Realloc(void *block, size_t size);
void *PyMem_Realloc(void *block, size_t size)
{
	static void *(*real)(void *, size_t);
	if (UNLIKELY(!real))
		real = (void *(*)(void *, size_t))symbol_need("PyMem_Realloc");
	if (locks_on)
		locks_freed(block);
	JUMP real(block, size);
}

/* Start. */

/* Make objects of the type one word larger, and let them be made and freed by our functions. */
static void adopt(struct threading_type *slot, char *type, void *(*new_alloc)(void *, long),
		  void (*new_dealloc)(void *))
{
	slot->type = type;
	slot->word = (uint32_t)load64(type, python_at.type_basicsize);
	slot->alloc = (void *(*)(void *, long))load_pointer(type, python_at.type_alloc);
	slot->dealloc = (void (*)(void *))load_pointer(type, python_at.type_dealloc);
	*(uint64_t *)(type + python_at.type_basicsize) += 8;
	*(void **)(type + python_at.type_alloc) = (void *)new_alloc;
	*(void **)(type + python_at.type_dealloc) = (void *)new_dealloc;
}

static bool adopt_types(void)
{
	void *(*import)(const char *) =
		(void *(*)(const char *))symbol_next("PyImport_ImportModule");
	void *(*attribute)(void *, const char *) =
		(void *(*)(void *, const char *))symbol_next("PyObject_GetAttrString");
	void *module = import && attribute ? import("_thread") : NULL;
	char *lock = module ? attribute(module, "lock") : NULL;
	char *rlock = module ? attribute(module, "RLock") : NULL;
	if (!lock || !rlock || load64(lock, python_at.type_basicsize) != python_at.lock_mutex + 8 ||
	    load64(rlock, python_at.type_basicsize) != python_at.rlock_size)
		return false;
	adopt(&lock_type, lock, lock_alloc, lock_dealloc);
	if (!python_release->semaphores) {
		adopt(&rlock_type, rlock, rlock_alloc, rlock_dealloc);
		return true;
	}
	rlock_type.alloc = (void *(*)(void *, long))load_pointer(rlock, python_at.type_alloc);
	*(void **)(rlock + python_at.type_alloc) = (void *)semaphore_rlock_alloc;
	return true;
}

/* Do the interpreter's own calls come to our PyMem_Free()? A list has a block for its items. */
static void probe_memory(void)
{
	void *(*list)(long) = (void *(*)(long))symbol_next("PyList_New");
	void (*drop)(void *) = (void (*)(void *))symbol_next("Py_DecRef");
	python_memory_ends = false;
	if (list && drop)
		drop(list(1000));
}

bool python_locks_start(const char **why)
{
	if (!python_has(FTS_NEED_LOCKS, why))
		return false;
	char *tstate = dlsym(RTLD_DEFAULT, "_Py_tss_tstate"), *base;
	str_type = dlsym(RTLD_DEFAULT, "PyUnicode_Type");
	if (!tstate || !str_type || !symbol_next("_PyMutex_LockTimed") || !stacks_eval_size) {
		*why = "this Python does not export its locks (ftstress builds one that does)";
		return false;
	}
	__asm__("movq %%fs:0, %0" : "=r"(base));
	python_tstate_offset = tstate - base;
	const char *state = python_tstate();
	if (!state || load_pointer(state, python_at.tstate_interpreter) !=
			      ((void *(*)(void))symbol_next("PyInterpreterState_Get"))()) {
		*why = "the thread state of this Python cannot be found";
		return false;
	}
	struct walk_range python = walk_range_of(stacks_eval_low);
	locks_python_low = python.low;
	locks_python_size = python.size;
	if (!adopt_types()) {
		*why = "the lock types of this Python are laid out in another way";
		return false;
	}
	probe_memory();
	return locks_python_size != 0;
}
