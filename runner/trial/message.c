/* message.c - see message.h. */
#include "runner/trial/message.h"

#include <string.h>

typedef const char *checker(const json_t *message, const struct worker *worker,
			    const struct trial *trial);

/* The value of the key, if it is a whole number in [least, most]; else -1. */
static json_int_t number(const json_t *message, const char *key, json_int_t least, json_int_t most)
{
	const json_t *value = json_object_get(message, key);
	json_int_t told = json_is_integer(value) ? json_integer_value(value) : -1;
	return told >= least && told <= most ? told : -1;
}

static const char *check_hello(const json_t *message, const struct worker *worker,
			       const struct trial *trial)
{
	(void)trial;
	if (worker->state != WORKER_STARTING)
		return "it said hello twice";
	if (number(message, "version", 0, INT32_MAX) != PROTOCOL_VERSION)
		return "it speaks another version of the protocol: its ftstress_driver and this "
		       "ftstress are not of one installation";
	return NULL;
}

/* Is the message about what the worker was asked for? */
static bool is_of(const json_t *message, const struct trial *trial)
{
	return trial &&
	       number(message, "iteration", 0, INT64_MAX) == (json_int_t)trial->plan.iteration;
}

static const char *check_started(const json_t *message, const struct worker *worker,
				 const struct trial *trial)
{
	json_int_t pid = number(message, "pid", 2, INT32_MAX);
	if (!is_of(message, trial))
		return "it started an iteration that it was not asked for";
	if (pid < 0 || pid == worker->pid || worker_disowns(worker, (pid_t)pid) ||
	    (trial->pid && pid != trial->pid))
		return "it started an iteration in a process that is not its own";
	return NULL;
}

static const char *check_ended(const json_t *message, const struct worker *worker,
			       const struct trial *trial)
{
	(void)worker;
	if (!is_of(message, trial) || !trial->pid)
		return "it reported the end of an iteration that it did not start";
	if (number(message, "pid", 2, INT32_MAX) != trial->pid)
		return "it reported the end of a process that runs no iteration";
	if (number(message, "status", 0, UINT16_MAX) < 0)
		return "it reported the end of an iteration without the status of its process";
	return NULL;
}

static const char *check_gil(const json_t *message, const struct worker *worker,
			     const struct trial *trial)
{
	(void)trial;
	size_t index;
	json_t *id, *tests = json_object_get(message, "tests");
	json_array_foreach(tests, index,
			   id) if (!json_is_string(id)) return "it named tests that are no strings";
	if (!json_is_array(tests))
		return "it named no tests that switched the GIL on";
	return worker->kind == WORKER_GIL ? "it said that the GIL was switched on, but it is on"
					  : NULL;
}

static const char *check_error(const json_t *message, const struct worker *worker,
			       const struct trial *trial)
{
	(void)worker, (void)trial;
	return json_is_string(json_object_get(message, "message"))
		       ? NULL
		       : "it reported an error without text";
}

const char *message_fault(const json_t *message, const struct worker *worker,
			  const struct trial *trial)
{
	static const struct {
		const char *op;
		checker *check;
	} checks[] = {
		{ "hello", check_hello }, { "started", check_started }, { "ended", check_ended },
		{ "gil", check_gil },     { "error", check_error },
	};
	const char *op = json_string_value(json_object_get(message, "op"));
	for (size_t i = 0; op && i < sizeof checks / sizeof *checks; i++)
		if (!strcmp(op, checks[i].op))
			return checks[i].check(message, worker, trial);
	return "it sent a message that ftstress does not know";
}
