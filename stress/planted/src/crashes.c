/*
 * crashes.c - races that end the process when the threads really overlap: for a while a pointer is
 * NULL for whoever comes then. Each call alone leaves everything as it should
 * be, so that in turns nothing happens, and the race shows all the same.
 */
#include "planted.h"

static PyMutex lock;

/* What takes long enough for another thread to come. */
static STEP long work(long value)
{
	volatile long sum = value;
	for (long i = 0; i < 50; i++)
		sum = sum * 31 + i;
	return sum;
}

/*
 * use_plugin: a table of functions is unloaded and loaded again, and used.
 *
 * Bug: "loaded" is still set while the table has gone. From libraries that load code at run time.
 */
typedef long function(long value);

static long doubled(long value)
{
	return 2 * value;
}

static function *const table[] = { doubled, doubled };

struct plugin {
	function *const *functions;
	int loaded;
	long unloaded; /* times */
};

static STEP void plugin_reload(struct plugin *plugin)
{
	plugin->functions = NULL;
	plugin->unloaded += work(1) != 0;
	plugin->loaded = 0;
	plugin->functions = table;
	plugin->loaded = 1;
}

static STEP int plugin_loaded(const struct plugin *plugin)
{
	return plugin->loaded;
}

static STEP long plugin_call(const struct plugin *plugin, long value)
{
	return plugin->functions[value & 1](value);
}

static PyObject *use_plugin_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				Py_ssize_t count)
{
	static struct plugin plugin;
	long repeat, sum = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		plugin_reload(&plugin);
		if (plugin_loaded(&plugin))
			sum += plugin_call(&plugin, i);
	}
	return PyLong_FromLong(sum);
}

static PyObject *use_plugin_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	static struct plugin plugin;
	long repeat, sum = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		PyMutex_Lock(&lock);
		plugin_reload(&plugin);
		if (plugin_loaded(&plugin))
			sum += plugin_call(&plugin, i);
		PyMutex_Unlock(&lock);
	}
	return PyLong_FromLong(sum);
}

/*
 * take_token: a stack of free tokens; one is put on it, and taken again.
 *
 * Bug: the stack is found to hold something, and is empty when its top is taken. The usual free
 * list of an extension.
 */
struct token {
	struct token *next;
	long taken;
};

static STEP int stack_is_empty(struct token *const *stack)
{
	return *stack == NULL;
}

static STEP struct token *stack_take(struct token **stack)
{
	struct token *token = *stack;
	*stack = token->next;
	token->taken++;
	return token;
}

static STEP void stack_put(struct token **stack, struct token *token)
{
	token->next = *stack;
	*stack = token;
}

static PyObject *take_token_bug(PyObject *Py_UNUSED(module), PyObject *const *args,
				Py_ssize_t count)
{
	static struct token only, *stack = &only;
	long repeat, taken = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		if (stack_is_empty(&stack))
			continue;
		taken += work(i) != 0;
		stack_put(&stack, stack_take(&stack));
	}
	return PyLong_FromLong(taken);
}

static PyObject *take_token_ok(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
	static struct token only, *stack = &only;
	long repeat, taken = 0;
	if (planted_numbers(args, count, 1, &repeat))
		return NULL;
	for (long i = 0; i < repeat; i++) {
		PyMutex_Lock(&lock);
		if (!stack_is_empty(&stack)) {
			taken += work(i) != 0;
			stack_put(&stack, stack_take(&stack));
		}
		PyMutex_Unlock(&lock);
	}
	return PyLong_FromLong(taken);
}

static PyMethodDef methods[] = {
	PLANTED(use_plugin_bug, "(repeat)"),
	PLANTED(use_plugin_ok, "(repeat)"),
	PLANTED(take_token_bug, "(repeat)"),
	PLANTED(take_token_ok, "(repeat)"),
	{ 0 },
};

int planted_add_crashes(PyObject *module)
{
	return PyModule_AddFunctions(module, methods);
}
