/* publish.c - one thread makes data ready, others see that it is and use it. */
#include "planted.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/*
 * messages: a board of messages; each is written once, then its flag is set.
 *
 * Bug: the flag is a plain bool (volatile would be no better): it can be seen before the message,
 * or never. "Writing a bool is atomic" is true and does not help.
 */
#define MESSAGES 256

struct message {
	long text[2];
	bool ready;
};

struct atomic_message {
	long text[2];
	atomic_bool ready;
};

static struct message board_bug[MESSAGES];
static struct atomic_message board_ok[MESSAGES];

static STEP void post_bug(struct message *message, long text)
{
	message->text[0] = text;
	message->text[1] = -text;
	message->ready = true;
}

static STEP long read_bug(const struct message *message)
{
	return message->ready ? message->text[0] + message->text[1] : 0;
}

static STEP void post_ok(struct atomic_message *message, long text)
{
	message->text[0] = text;
	message->text[1] = -text;
	atomic_store_explicit(&message->ready, true, memory_order_release);
}

static STEP long read_ok(const struct atomic_message *message)
{
	if (!atomic_load_explicit(&message->ready, memory_order_acquire))
		return 0;
	return message->text[0] + message->text[1];
}

static PyObject *post_messages_bug(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	for (long i = 0; i < MESSAGES; i++)
		post_bug(&board_bug[i], i);
	Py_RETURN_NONE;
}

static PyObject *post_messages_ok(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(none))
{
	for (long i = 0; i < MESSAGES; i++)
		post_ok(&board_ok[i], i);
	Py_RETURN_NONE;
}

static PyObject *read_messages_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				   Py_ssize_t count)
{
	long repeat, sum = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat * MESSAGES; i++)
		sum += read_bug(&board_bug[i % MESSAGES]);
	return PyLong_FromLong(sum);
}

static PyObject *read_messages_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				  Py_ssize_t count)
{
	long repeat, sum = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat * MESSAGES; i++)
		sum += read_ok(&board_ok[i % MESSAGES]);
	return PyLong_FromLong(sum);
}

/*
 * limits: settings that one thread changes and each call copies first.
 *
 * Bug: the copy of the struct is not atomic, so it mixes old and new fields. Taking a copy looks
 * like the safe thing to do.
 */
struct limits {
	long low, high, step, spare;
};

static struct limits limits_bug, limits_ok;
static PyMutex limits_lock;

static STEP void set_limits(struct limits *limits, long low)
{
	limits->low = low;
	limits->high = low + 100;
	limits->step = low % 7;
}

static STEP void copy_limits(struct limits *copy, const struct limits *limits)
{
	memcpy(copy, limits, sizeof *copy);
}

static PyObject *set_limits_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++)
		set_limits(&limits_bug, i);
	Py_RETURN_NONE;
}

static PyObject *set_limits_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	long repeat;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		PyMutex_Lock(&limits_lock);
		set_limits(&limits_ok, i);
		PyMutex_Unlock(&limits_lock);
	}
	Py_RETURN_NONE;
}

static PyObject *count_in_limits_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				     Py_ssize_t count)
{
	long repeat, inside = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		struct limits copy;
		copy_limits(&copy, &limits_bug);
		inside += copy.low <= i && i < copy.high;
	}
	return PyLong_FromLong(inside);
}

static PyObject *count_in_limits_ok(PyObject *Py_UNUSED(module), PyObject *const *args,
				    Py_ssize_t count)
{
	long repeat, inside = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		struct limits copy;
		PyMutex_Lock(&limits_lock);
		copy_limits(&copy, &limits_ok);
		PyMutex_Unlock(&limits_lock);
		inside += copy.low <= i && i < copy.high;
	}
	return PyLong_FromLong(inside);
}

static PyMethodDef functions[] = {
	{ "post_messages_bug", post_messages_bug, METH_NOARGS, "post_messages_bug()" },
	{ "post_messages_ok", post_messages_ok, METH_NOARGS, "post_messages_ok()" },
	PLANTED(read_messages_bug, "(repeat)"),
	PLANTED(read_messages_ok, "(repeat)"),
	PLANTED(set_limits_bug, "(repeat)"),
	PLANTED(set_limits_ok, "(repeat)"),
	PLANTED(count_in_limits_bug, "(repeat)"),
	PLANTED(count_in_limits_ok, "(repeat)"),
	{ NULL, NULL, 0, NULL },
};

int planted_add_publish(PyObject *module)
{
	return PyModule_AddFunctions(module, functions);
}
