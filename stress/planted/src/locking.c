/* locking.c - locks that are there, and do not protect. */
#include "planted.h"

#include <pthread.h>
#include <stdbool.h>

/*
 * balance: two accounts between which money is moved.
 *
 * Bug: the writer locks, the reader does not: it sees money that has left one account and not
 * reached the other. Only writes need a lock, one reads now and then.
 */
struct accounts {
	long left, right;
	PyMutex lock;
};

static struct accounts accounts_bug = { .left = 1000 }, accounts_ok = { .left = 1000 };

static STEP void move_money(struct accounts *accounts)
{
	PyMutex_Lock(&accounts->lock);
	accounts->left--;
	accounts->right++;
	PyMutex_Unlock(&accounts->lock);
}

static STEP long read_balance_bug(struct accounts *accounts)
{
	return accounts->left + accounts->right;
}

static STEP long read_balance_ok(struct accounts *accounts)
{
	PyMutex_Lock(&accounts->lock);
	long sum = accounts->left + accounts->right;
	PyMutex_Unlock(&accounts->lock);
	return sum;
}

static PyObject *move_money_of(struct accounts *accounts, PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		move_money(accounts);
	Py_RETURN_NONE;
}

static PyObject *move_money_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				Py_ssize_t count)
{
	return move_money_of(&accounts_bug, args, count);
}

static PyObject *move_money_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	return move_money_of(&accounts_ok, args, count);
}

/* How often the sum was wrong. */
static PyObject *audit(long (*read_balance)(struct accounts *), struct accounts *accounts,
		       PyObject *const *args, Py_ssize_t count)
{
	long repeat, wrong = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		wrong += read_balance(accounts) != 1000;
	return PyLong_FromLong(wrong);
}

static PyObject *audit_bug(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	return audit(read_balance_bug, &accounts_bug, args, count);
}

static PyObject *audit_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	return audit(read_balance_ok, &accounts_ok, args, count);
}

/*
 * pool: places are taken and given back.
 *
 * Bug: taking holds the pool's lock, giving back the list's; the number in use is changed under
 * both, so under none. Two locks were made out of a coarse one, and a field was forgotten.
 */
struct pool {
	PyMutex pool_lock, list_lock;
	long in_use;
};

static struct pool pool_bug, pool_ok;

static STEP void change_in_use(struct pool *pool, long by)
{
	pool->in_use += by;
}

static STEP void take_place(struct pool *pool)
{
	PyMutex_Lock(&pool->pool_lock);
	change_in_use(pool, 1);
	PyMutex_Unlock(&pool->pool_lock);
}

static STEP void give_back_bug(struct pool *pool)
{
	PyMutex_Lock(&pool->list_lock);
	change_in_use(pool, -1);
	PyMutex_Unlock(&pool->list_lock);
}

static STEP void give_back_ok(struct pool *pool)
{
	PyMutex_Lock(&pool->pool_lock);
	change_in_use(pool, -1);
	PyMutex_Unlock(&pool->pool_lock);
}

static PyObject *use_pool_bug(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		take_place(&pool_bug);
		give_back_bug(&pool_bug);
	}
	Py_RETURN_NONE;
}

static PyObject *use_pool_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		take_place(&pool_ok);
		give_back_ok(&pool_ok);
	}
	Py_RETURN_NONE;
}

/*
 * level: a gauge that Python code reads and the callbacks of a C library set.
 *
 * Bug: the callback takes the library's pthread mutex, the Python side a PyMutex of its own; each
 * side thinks that it holds "the lock". The PyMutex replaced the GIL in the port.
 */
struct gauge {
	pthread_mutex_t library_lock;
	PyMutex python_lock;
	long level, peak;
};

static struct gauge gauge_bug = { .library_lock = PTHREAD_MUTEX_INITIALIZER };
static struct gauge gauge_ok = { .library_lock = PTHREAD_MUTEX_INITIALIZER };

static STEP void set_level(struct gauge *gauge, long level)
{
	gauge->level = level;
	if (level > gauge->peak)
		gauge->peak = level;
}

static STEP void on_level(struct gauge *gauge, long level)
{
	pthread_mutex_lock(&gauge->library_lock);
	set_level(gauge, level);
	pthread_mutex_unlock(&gauge->library_lock);
}

static STEP void reset_level_bug(struct gauge *gauge)
{
	PyMutex_Lock(&gauge->python_lock);
	set_level(gauge, 0);
	PyMutex_Unlock(&gauge->python_lock);
}

static STEP void reset_level_ok(struct gauge *gauge)
{
	pthread_mutex_lock(&gauge->library_lock);
	set_level(gauge, 0);
	pthread_mutex_unlock(&gauge->library_lock);
}

static PyObject *raise_level(struct gauge *gauge, PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		on_level(gauge, i);
	Py_RETURN_NONE;
}

static PyObject *raise_level_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				 Py_ssize_t count)
{
	return raise_level(&gauge_bug, args, count);
}

static PyObject *raise_level_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				Py_ssize_t count)
{
	return raise_level(&gauge_ok, args, count);
}

static PyObject *reset_levels_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				  Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		reset_level_bug(&gauge_bug);
	Py_RETURN_NONE;
}

static PyObject *reset_levels_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				 Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		reset_level_ok(&gauge_ok);
	Py_RETURN_NONE;
}

/*
 * marks: an entry is dirty, and an entry is pinned, each under its own lock.
 *
 * Bug: the two bits share a byte, so writing one rewrites the other. Both locks are right, and the
 * struct's layout is not. Made to save memory in an array of entries.
 */
struct marks_bug {
	unsigned dirty : 1;
	unsigned pinned : 1;
};

struct marks_ok {
	bool dirty;
	bool pinned;
};

static struct marks_bug marks_bug;
static struct marks_ok marks_ok;
static PyMutex dirty_lock_bug, pinned_lock_bug, dirty_lock_ok, pinned_lock_ok;

static STEP void mark_dirty_bug(unsigned value)
{
	PyMutex_Lock(&dirty_lock_bug);
	marks_bug.dirty = value & 1;
	PyMutex_Unlock(&dirty_lock_bug);
}

static STEP void mark_pinned_bug(unsigned value)
{
	PyMutex_Lock(&pinned_lock_bug);
	marks_bug.pinned = value & 1;
	PyMutex_Unlock(&pinned_lock_bug);
}

static STEP void mark_dirty_ok(unsigned value)
{
	PyMutex_Lock(&dirty_lock_ok);
	marks_ok.dirty = value & 1;
	PyMutex_Unlock(&dirty_lock_ok);
}

static STEP void mark_pinned_ok(unsigned value)
{
	PyMutex_Lock(&pinned_lock_ok);
	marks_ok.pinned = value & 1;
	PyMutex_Unlock(&pinned_lock_ok);
}

static PyObject *mark(void (*step)(unsigned), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		step((unsigned)i);
	Py_RETURN_NONE;
}

static PyObject *mark_dirties_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				  Py_ssize_t count)
{
	return mark(mark_dirty_bug, args, count);
}

static PyObject *mark_dirties_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				 Py_ssize_t count)
{
	return mark(mark_dirty_ok, args, count);
}

static PyObject *mark_pinneds_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				  Py_ssize_t count)
{
	return mark(mark_pinned_bug, args, count);
}

static PyObject *mark_pinneds_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				 Py_ssize_t count)
{
	return mark(mark_pinned_ok, args, count);
}

/*
 * desk: things that are kept, and a clock that dates each use.
 *
 * Bug: storing moves the clock after it has given the lock back; looking up moves it under the lock.
 * A thread that stores and looks up hides that: its look-up's lock comes after all that it stored.
 * So it is found where one thread only stores.
 */
struct desk {
	PyMutex lock;
	long things, clock;
};

static struct desk desk_bug, desk_ok;

static STEP void tick(struct desk *desk)
{
	desk->clock++;
}

static STEP void store_bug(struct desk *desk)
{
	PyMutex_Lock(&desk->lock);
	desk->things++;
	PyMutex_Unlock(&desk->lock);
	tick(desk);
}

static STEP void store_ok(struct desk *desk)
{
	PyMutex_Lock(&desk->lock);
	desk->things++;
	tick(desk);
	PyMutex_Unlock(&desk->lock);
}

static STEP void look_up(struct desk *desk)
{
	PyMutex_Lock(&desk->lock);
	tick(desk);
	PyMutex_Unlock(&desk->lock);
}

static PyObject *use_desk(void (*step)(struct desk *), struct desk *desk, PyObject *const *args,
			  Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		step(desk);
	Py_RETURN_NONE;
}

static PyObject *store_things_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				  Py_ssize_t count)
{
	return use_desk(store_bug, &desk_bug, args, count);
}

static PyObject *store_things_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				 Py_ssize_t count)
{
	return use_desk(store_ok, &desk_ok, args, count);
}

static PyObject *look_things_up_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				    Py_ssize_t count)
{
	return use_desk(look_up, &desk_bug, args, count);
}

static PyObject *look_things_up_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				   Py_ssize_t count)
{
	return use_desk(look_up, &desk_ok, args, count);
}

static PyMethodDef functions[] = {
	PLANTED(move_money_bug, "(repeat)"),
	PLANTED(move_money_ok, "(repeat)"),
	PLANTED(audit_bug, "(repeat)"),
	PLANTED(audit_ok, "(repeat)"),
	PLANTED(use_pool_bug, "(repeat)"),
	PLANTED(use_pool_ok, "(repeat)"),
	PLANTED(raise_level_bug, "(repeat)"),
	PLANTED(raise_level_ok, "(repeat)"),
	PLANTED(reset_levels_bug, "(repeat)"),
	PLANTED(reset_levels_ok, "(repeat)"),
	PLANTED(mark_dirties_bug, "(repeat)"),
	PLANTED(mark_dirties_ok, "(repeat)"),
	PLANTED(mark_pinneds_bug, "(repeat)"),
	PLANTED(mark_pinneds_ok, "(repeat)"),
	PLANTED(store_things_bug, "(repeat)"),
	PLANTED(store_things_ok, "(repeat)"),
	PLANTED(look_things_up_bug, "(repeat)"),
	PLANTED(look_things_up_ok, "(repeat)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_locking(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
