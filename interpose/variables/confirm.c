/* confirm.c - see confirm.h. */
#define _GNU_SOURCE
#include "interpose/variables/confirm.h"

#include "ftstress/record.h"
#include "interpose/base/plt.h"
#include "interpose/base/private_heap.h"
#include "interpose/python/layout.h"
#include "interpose/python/walk.h"
#include "interpose/stacks/stacks.h"
#include "interpose/turns/turns.h"
#include "interpose/variables/aside.h"
#include "interpose/variables/dicts.h"
#include "interpose/variables/equal.h"
#include "interpose/variables/fibers.h"
#include "interpose/variables/flow.h"
#include "interpose/variables/orders.h"
#include "interpose/variables/states.h"
#include "interpose/variables/told.h"
#include "interpose/variables/uses.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdlib.h>

enum {
	VARIABLES = 8,  /* that one instruction reads */
	STEP_BYTES = 3, /* number of the access of 8 bytes, see stacks.h */
	PASSED_MOST = 500,
};

/* The thread that is stopped, or was, and has not come to its write yet. */
enum state {
	IDLE,
	HELD,    /* it has read, and holds a lock that it will give back */
	READ,    /* it is in the instruction that reads, or gives the last lock back */
	STOPPED, /* behind it */
	PASSED,  /* another thread has written; it goes on */
};
static struct {
	enum state state;
	uint32_t number; /* of the stop */
	const void *frame, *code;
	uint64_t read; /* place */
	uint64_t read_pc;
	struct moment moment;
	uint32_t passed; /* accesses of the thread's since it goes on */
	bool missing;
	const char *variables[VARIABLES]; /* that it reads; stand-ins */
	unsigned variable_count;
	uint16_t choices[ORDERS_CHOICES]; /* orders that begin so */
	unsigned choice_count;
	const char *written; /* the one of the variables that the other thread writes */
	uintptr_t address;   /* its address */
	uint32_t writing;    /* 0, or `number`: that write is not done yet */
	uint64_t
		offered; /* where the thread has come to its write, and may have written nothing; 0 = nowhere */
	uint64_t idle;   /* where it was at its write, and has stored nothing so far; 0 = nowhere */
	uint64_t stored; /* place of the last store of the thread's over a value; 0 = none */
	bool stored_equal; /* the value was an equal one */
	struct member *member;
	struct confirm_sight sight;
	struct access write; /* of the other thread, with its number and what it held */
	uint16_t writer;
	struct held_locks held;
} stop;
static struct raw_lock lock; /* of `stop` */
static struct confirm_sight *sights;
HIDDEN bool confirm_passed;
static bool watching; /* confirm_watch() */

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))
THREAD_LOCAL uint32_t mine;   /* stop.number, of the thread that is stopped */
THREAD_LOCAL uint32_t writes; /* the same, of the one that writes in between */
/* The word into which the eval loop writes when the thread's instruction is over. */
THREAD_LOCAL const char *awaited;

THREAD_LOCAL struct { /* for confirm_between() */
	uint64_t stack[CONFIRM_FRAMES];
	struct write_between write;
} seen;
HIDDEN __thread bool confirm_seen __attribute__((tls_model("initial-exec")));

static const void *index_error, *key_error;

static enum state state_now(void)
{
	return __atomic_load_n(&stop.state, __ATOMIC_RELAXED);
}

static bool is_mine(void)
{
	return mine == __atomic_load_n(&stop.number, __ATOMIC_RELAXED);
}

/* May the write be one of another function's call? */
static bool is_across(void)
{
	for (unsigned i = 0; i < stop.choice_count; i++)
		if (orders_at(stop.choices[i])->across)
			return true;
	return false;
}

/* Keeps of the choices those of which the place is the second step, or the last. False: none is. */
static bool narrow(uint64_t place, bool last, int direction)
{
	uint16_t kept[ORDERS_CHOICES];
	unsigned count = 0;
	for (unsigned i = 0; i < stop.choice_count; i++) {
		const struct order *order = orders_at(stop.choices[i]);
		uint64_t wanted = last ? order->write : order->between;
		if ((wanted == place || !wanted) &&
		    (order->direction == direction || (order->empties && !last && direction)))
			kept[count++] = stop.choices[i];
	}
	if (!count)
		return false;
	raw_copy(stop.choices, kept, count * sizeof *kept);
	stop.choice_count = count;
	return true;
}

/* Steps of the eval loop, seen only while a thread is, or was, stopped. */

static void stepped(void);

static void stepping_write(void *address, void *pc)
{
	if (UNLIKELY(address == awaited) && awaited)
		stepped();
	JUMP stacks_loop_write[STEP_BYTES](address, pc);
}

static void see_steps(bool yes)
{
	if (watching) /* explore.c sees them */
		return;
	tsan_access_pc *write = yes ? stepping_write : stacks_loop_write[STEP_BYTES];
	__atomic_store_n(&stacks_named_write[STEP_BYTES], write, __ATOMIC_RELEASE);
}

/* The stop, with the lock held. */

static void set_state(enum state state)
{
	__atomic_store_n(&stop.state, state, __ATOMIC_RELAXED);
	__atomic_store_n(&confirm_passed, state == PASSED, __ATOMIC_RELAXED);
}

static void end_stop(void)
{
	set_state(IDLE);
	stop.writing = 0;
	see_steps(false);
}

static void keep_sight(const struct order *order, uint64_t write, const char *raised)
{
	struct confirm_sight *sight = heap_alloc(sizeof *sight);
	if (!sight)
		return;
	*sight = stop.sight;
	sight->write = write;
	bool cache = order->checks && !order->depends && !order->size && !order->uses;
	bool known = stop.stored && stop.stored == orders_place(write);
	sight->equal = cache && known && stop.stored_equal;
	sight->unknown = cache && !known && !raised;
	sight->uses = order->uses;
	sight->length = order->length;
	raw_copy(sight->text, order->text, order->length);
	sight->raised[0] = '\0';
	for (unsigned i = 0; raised && i + 1 < CONFIRM_NAME; i++) {
		sight->raised[i] = raised[i];
		sight->raised[i + 1] = '\0';
		if (!raised[i])
			break;
	}
	sight->next = sights;
	sights = sight;
}

/* It is to be reported: the thread goes on to tell its own write. */
static void keep_between(void)
{
	unsigned depth = stop.sight.depths[1];
	raw_copy(seen.stack, stop.sight.stacks[1], depth * sizeof *seen.stack);
	seen.write = (struct write_between){
		.stack = seen.stack, .depth = depth, .number = stop.writer, .held = stop.held
	};
	confirm_seen = true;
}

/* The stopped thread has come to its write, at `pc`. */
static void see(uint64_t pc, const char *raised)
{
	for (unsigned i = 0; i < stop.choice_count; i++) {
		struct order *order = orders_at(stop.choices[i]);
		__atomic_fetch_add(&order->seen, 1, __ATOMIC_RELAXED);
		if (order->uses && !order->length)
			uses_failed(stop.read_pc, pc, order);
		if (order->length)
			keep_sight(order, pc, raised);
		else
			keep_between();
	}
	end_stop();
}

static void add_variable(const struct access *access)
{
	if (stop.variable_count == VARIABLES)
		return;
	stop.variables[stop.variable_count++] = access->stand_in;
}

static void begin_stop(const struct access *access)
{
	uint64_t read = orders_place(access->pc);
	uint16_t choices[ORDERS_CHOICES];
	bool size = site_operation(access->site) == SITE_SIZE;
	unsigned count = read ? orders_from(read, size, access->is_key, choices) : 0;
	if (!count || aside_is_enough() || !raw_trylock(&lock))
		return;
	if (stop.state == IDLE) {
		mine = ++stop.number;
		stop.frame = access->frame;
		stop.code = access->code;
		stop.read = read;
		stop.read_pc = access->pc;
		stop.moment = access->moment;
		stop.passed = 0;
		stop.missing = access->missing;
		stop.variable_count = 0;
		stop.stored = stop.offered = stop.idle = 0;
		add_variable(access);
		raw_copy(stop.choices, choices, count * sizeof *choices);
		stop.choice_count = count;
		stop.member = turns_self;
		stop.sight.depths[0] =
			stack_of(access->frame, stop.sight.stacks[0], CONFIRM_FRAMES);
		bool held = access->moment.outer && orders_at(choices[0])->split;
		awaited = held ? NULL : (const char *)access->frame + python_at.frame_instr_ptr;
		set_state(held ? HELD : READ);
		see_steps(!held);
	}
	raw_unlock(&lock);
}

void confirm_look_at_release(void)
{
	const void *frame =
		state_now() == HELD && is_mine() && !fibers_outer ? innermost_frame() : NULL;
	if (!frame)
		return;
	raw_lock(&lock);
	if (is_mine() && stop.state == HELD) {
		awaited = (const char *)frame + python_at.frame_instr_ptr;
		set_state(READ);
		see_steps(true);
	}
	raw_unlock(&lock);
}

/*
 * What it was to write is there already: the same object, of which the other one has written it. Of an order of
 * which nothing is reported the write itself would have to be told, and there is none.
 */
static void see_offered(void)
{
	uint64_t pc = stop.offered;
	bool seen_now = stop.state == PASSED && pc &&
			narrow(orders_place(pc), true, orders_at(stop.choices[0])->direction);
	for (unsigned i = 0; i < stop.choice_count; i++)
		seen_now &= orders_at(stop.choices[i])->length != 0;
	if (seen_now)
		see(pc, NULL);
	else
		end_stop();
}

/* Is it the second of two reads? */
static bool is_use(uint64_t place)
{
	for (unsigned i = 0; i < stop.choice_count; i++)
		if (orders_at(stop.choices[i])->write == place && orders_at(stop.choices[i])->uses)
			return true;
	return false;
}

static void own_read(const struct access *access)
{
	uint64_t place = orders_place(access->pc);
	if (stop.state == PASSED && access->stand_in == stop.written &&
	    (access->frame == stop.frame || is_across()) && uses_nothing(access) && is_use(place) &&
	    narrow(place, true, 0)) {
		see(access->pc, "None");
		return;
	}
	bool again = place == stop.read && access->frame == stop.frame;
	bool over = stop.state == PASSED && ++stop.passed > PASSED_MOST;
	/* It sees what the other one has written, and goes by that. */
	over |= stop.state == PASSED && access->stand_in == stop.written && !access->is_key &&
		site_operation(access->site) == SITE_READ;
	if ((stop.state == READ || stop.state == HELD) && again) {
		add_variable(access);
	} else if (stop.state == READ || again || over) {
		see_offered();
	}
}

/* +1: it adds to a container whose size was read, -1: takes away, 0: it is another write. */
static int direction_of(const struct access *access)
{
	return site_operation(access->site) != SITE_RESIZE ? 0 : access->grows ? 1 : -1;
}

static bool is_read(const struct access *access)
{
	for (unsigned i = 0; i < stop.variable_count; i++)
		if (stop.variables[i] == access->stand_in)
			return true;
	return false;
}

static void own_write(const struct access *access)
{
	if (((watching && stop.state == STOPPED && access->frame == stop.frame) ||
	     stop.state == HELD) &&
	    is_read(access))
		end_stop(); /* nobody came between */
	bool same = access->frame == stop.frame && access->code == stop.code, across = is_across();
	/* A key that the other one has added by now is not added once more, but its value is stored. */
	bool there = across && stop.missing && access->address != stop.address;
	if (stop.state != PASSED || (access->stand_in != stop.written && !there) ||
	    (!same && !across))
		return;
	if (access->state) {
		end_stop(); /* there was one left */
		return;
	}
	int direction = there ? orders_at(stop.choices[0])->direction : direction_of(access);
	if (patterns_goes_by(&stop.moment, &access->moment, access->address) &&
	    narrow(orders_place(access->pc), true, direction))
		see(access->pc, NULL);
	else if (there)
		return;
	else
		end_stop();
}

static void others_write(const struct access *access)
{
	if (stop.state != STOPPED || stop.writing || !is_read(access) ||
	    !narrow(orders_place(access->pc), false, direction_of(access)))
		return;
	stop.written = access->stand_in;
	stop.address = access->address;
	stop.writing = writes = stop.number;
	stop.sight.depths[1] = stack_of(access->frame, stop.sight.stacks[1], CONFIRM_FRAMES);
	stop.write = *access;
	stop.writer = fibers_own_number();
	fibers_held(&stop.held);
	awaited = (const char *)access->frame + python_at.frame_instr_ptr;
}

/* Does the call store, in a cache, the very object that is there? */
static bool fills(const struct call *call, uint64_t value)
{
	uint32_t at = FTS_PC_INSTRUCTION(call->pc);
	struct flow_code code = { call->code,
				  (const uint8_t *)python_bytecode(call->code, call->frame) };
	return equal_is_made(value) && at < FTS_PC_MARKER && flow_ends(&code, at);
}

void confirm_look_at_store(const uint64_t *address, uint64_t value)
{
	const void *frame = is_mine() && !fibers_busy ? innermost_frame() : NULL;
	if (!frame || (frame != stop.frame && !is_across()))
		return;
	struct call call = call_of(frame);
	name_call(&call);
	uint64_t old = __atomic_load_n(address, __ATOMIC_RELAXED);
	bool equal = old == value ? fills(&call, value) : equal_values(old, value);
	raw_lock(&lock);
	if (is_mine() && stop.state == PASSED && old)
		stop.stored = orders_place(call.pc), stop.stored_equal = equal;
	raw_unlock(&lock);
}

static bool is_write_of_choice(uint64_t place)
{
	for (unsigned i = 0; i < stop.choice_count; i++)
		if (orders_at(stop.choices[i])->write == place)
			return true;
	return false;
}

void confirm_look_at_lookup(const char *key, const char *value)
{
	const void *frame = is_mine() && !fibers_busy ? innermost_frame() : NULL;
	if (!frame || !is_across())
		return;
	struct call call = call_of(frame);
	name_call(&call);
	struct moment now = moment_now();
	raw_lock(&lock);
	if (is_mine() && stop.state == PASSED && (stop.written == key || stop.written == value) &&
	    is_write_of_choice(orders_place(call.pc)) &&
	    patterns_goes_by(&stop.moment, &now, stop.address))
		stop.offered = call.pc;
	raw_unlock(&lock);
}

void confirm_look(const struct access *access)
{
	enum site_operation operation = site_operation(access->site);
	bool write = operation == SITE_WRITE || operation == SITE_RESIZE;
	if (state_now() == IDLE) {
		if (!write)
			begin_stop(access);
		return;
	}
	raw_lock(&lock);
	if (stop.state != IDLE && write)
		is_mine() ? own_write(access) : others_write(access);
	else if (stop.state != IDLE && is_mine())
		own_read(access);
	raw_unlock(&lock);
}

static bool is_stopped(void)
{
	return state_now() == STOPPED;
}

static void count_try(bool others)
{
	for (unsigned i = 0; i < stop.choice_count; i++)
		orders_tried(stop.choices[i], !others);
}

/* The read is done. */
static void stop_here(void)
{
	raw_lock(&lock);
	if (!is_mine() || stop.state != READ) {
		raw_unlock(&lock);
		return;
	}
	set_state(STOPPED);
	raw_unlock(&lock);
	if (watching)
		return;
	bool others = aside_let_others_come(is_stopped);
	raw_lock(&lock);
	if (is_mine())
		count_try(others);
	if (is_mine() && stop.state == STOPPED)
		end_stop();
	raw_unlock(&lock);
}

/*
 * It was at its write, and is beyond it now. An instruction that the interpreter has yet to specialise begins
 * twice, and the first time has stored nothing.
 */
static void see_idle(void)
{
	uint64_t pc = stop.idle;
	if (pc && narrow(orders_place(pc), true, orders_at(stop.choices[0])->direction))
		see(pc, NULL);
	else
		end_stop();
}

/*
 * Behind an instruction of the thread that was stopped. Is it the one that was to write? It may have
 * changed nothing, as the other thread has done it all; where it decides by what it has read, that is
 * what was to be shown. And both may store one and the same object: two threads count from 0 to 1.
 */
static void look_at_step(void)
{
	/* The write itself is waited for: own_write() */
	if (is_across() || orders_at(stop.choices[0])->split)
		return;
	/* Its memory may be another frame's by now, which has locals where that one had its code. */
	bool same = innermost_frame() == stop.frame;
	struct call call = same ? call_of(stop.frame) : (struct call){ 0 };
	if (same)
		name_call(&call);
	if (!same || call.code != stop.code || FTS_PC_INSTRUCTION(call.pc) == 0) {
		see_idle(); /* it has returned, and may have been called again */
		return;
	}
	if (stop.idle && stop.idle != call.pc) {
		see_idle();
		return;
	}
	uint64_t place = orders_place(call.pc);
	bool is_write = false;
	bool checks = stop.missing || dicts_stores_at(stop.frame, stop.address);
	for (unsigned i = 0; i < stop.choice_count; i++) {
		const struct order *order = orders_at(stop.choices[i]);
		is_write |= order->write == place;
		checks |= order->write == place && order->checks;
	}
	if (!is_write)
		return;
	struct moment now = moment_now();
	uint64_t found = dicts_found(stop.frame);
	if (!checks || is_use(place) || !patterns_goes_by(&stop.moment, &now, stop.address)) {
		end_stop();
		return;
	}
	bool idle = stop.stored != place && !found && !stop.idle;
	if (stop.stored != place && fills(&call, found))
		stop.stored = place, stop.stored_equal = true;
	stop.idle = call.pc;
	if (!idle)
		see_idle();
}

/* The write that came between is done: the stopped thread may go on. */
static void let_go_on(void)
{
	struct member *member = NULL;
	raw_lock(&lock);
	bool goes = stop.state == STOPPED && stop.writing == writes && writes == stop.number;
	if (goes) {
		set_state(PASSED);
		member = stop.member;
		aside_ring();
	}
	writes = 0;
	raw_unlock(&lock);
	if (goes && member && !watching)
		turns_call_back(member);
}

static void stepped(void)
{
	if (is_mine() && state_now() == READ) {
		stop_here();
	} else if (is_mine()) {
		raw_lock(&lock);
		if (is_mine() && stop.state == PASSED)
			look_at_step();
		raw_unlock(&lock);
	} else {
		awaited = NULL;
		if (writes)
			let_go_on();
	}
}

/* Exceptions. */

static void (*real_set_exception)(void *tstate, void *type, void *value);

/* A read of what the write changes. */
static uint8_t as_read(uint8_t write)
{
	enum site_operation read = site_operation(write) == SITE_RESIZE ? SITE_SIZE : SITE_READ;
	return (uint8_t)(read | site_class(write) << 3);
}

/* An exception is raised: by the instruction that was to write, as there is nothing left? */
static void look_at_exception(struct call call, const void *type)
{
	const void *frame = call.frame;
	struct access failed = { 0 };
	raw_lock(&lock);
	if (is_mine() && stop.state == PASSED && (frame == stop.frame || is_across())) {
		struct moment now = moment_now();
		bool same = frame == stop.frame && call.code == stop.code;
		failed = stop.write;
		failed.frame = frame;
		failed.code = call.code;
		failed.pc = call.pc;
		if (is_use(orders_place(call.pc)))
			failed.site = as_read(failed.site);
		if ((same || is_across()) && patterns_goes_by(&stop.moment, &now, stop.address) &&
		    narrow(orders_place(call.pc), true, orders_at(stop.choices[0])->direction))
			see(call.pc, load_pointer(type, python_at.type_name));
	}
	raw_unlock(&lock);
	if (confirm_seen)
		told_failed(&failed);
}

static void set_exception(void *tstate, void *type, void *value)
{
	const void *frame = UNLIKELY(state_now() == PASSED) && is_mine() && !fibers_busy
				    ? innermost_frame()
				    : NULL;
	if (frame) {
		struct call call = call_of(frame);
		name_call(&call);
		if (type == index_error || type == key_error || states_raised(&call, type))
			look_at_exception(call, type);
	}
	real_set_exception(tstate, type, value);
}

/* Life. */

void confirm_between(struct write_between *between)
{
	*between = seen.write;
	confirm_seen = false;
}

struct confirm_sight *confirm_sights(void)
{
	raw_lock(&lock);
	struct confirm_sight *list = sights;
	sights = NULL;
	raw_unlock(&lock);
	return list;
}

void confirm_cancel(void)
{
	if (state_now() == IDLE)
		return;
	raw_lock(&lock);
	if (is_mine() && stop.state != IDLE)
		see_offered();
	raw_unlock(&lock);
}

void confirm_watch(void)
{
	watching = true;
}

void confirm_step(const void *address)
{
	if (address == awaited && awaited)
		stepped();
}

void confirm_test_ends(void)
{
	aside_test_ends();
	if (state_now() == IDLE)
		return;
	raw_lock(&lock);
	end_stop();
	raw_unlock(&lock);
}

void confirm_before_fork(void)
{
	raw_lock(&lock);
}

void confirm_after_fork(bool in_child)
{
	if (in_child && stop.state != IDLE)
		end_stop();
	raw_unlock(&lock);
}

void confirm_start(const struct link_map *python)
{
	if (getenv("FTSTRESS_CONFIRM")) /* off; see confirm.h */
		return;
	void *const *index = dlsym(RTLD_DEFAULT, "PyExc_IndexError");
	void *const *key = dlsym(RTLD_DEFAULT, "PyExc_KeyError");
	if (!orders_start())
		return;
	/* Without it, an exception is not told. */
	real_set_exception =
		(void (*)(void *, void *, void *))dlsym(RTLD_DEFAULT, "_PyErr_SetObject");
	if (!index || !key || !real_set_exception)
		return;
	index_error = *index;
	key_error = *key;
	plt_replace(python, "_PyErr_SetObject", (void *)set_exception);
}
