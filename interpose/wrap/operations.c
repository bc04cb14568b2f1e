/*
 * operations.c - emits which functions are the operations of a type in C: its methods, attributes and
 * slots. A stack says `array_array_append`; people know it as append of array.array, and what the
 * operations of one type do to each other has most likely one cause.
 *
 *     PyTypeObject (Include/cpython/object.h)
 *       tp_methods   PyMethodDef[]    name, function
 *       tp_getset    PyGetSetDef[]    name, two functions
 *       tp_iternext, tp_as_number->nb_add, ...    a function a slot; a type has its base's, too
 *
 * Called by the driver, in the zygote, which has one thread.
 */
#include "interpose/base/raw.h"
#include "interpose/base/ring.h"
#include "interpose/python/layout.h"

enum {
	METHOD_SIZE = 32, /* of PyMethodDef: ml_name, ml_meth, ml_flags, ml_doc */
	GETSET_SIZE = 40, /* of PyGetSetDef: name, get, set, doc, closure */
	MOST = 768,       /* operations of a type; no type known has more than 250 */
	TEXT_MOST = 24 << 10,
};

/* The functions that lie one behind the other in a type or in one of its tables. "-" = no operation. */
struct slots {
	short table; /* where the type has the pointer to them; 0: in itself */
	short from;  /* of the first one */
	const char *names;
};

static const struct slots slots[] = {
	{ 0, 64, "dealloc" },
	{ 0, 80, "__getattribute__ __setattr__" },
	{ 0, 104, "__repr__" },
	{ 0, 136, "__hash__ __call__ __str__ __getattribute__ __setattr__" },
	{ 0, 216, "comparison" },
	{ 0, 232, "__iter__ __next__" },
	{ 0, 288, "__get__ __set__" },
	{ 0, 312, "__init__ - __new__" },
	{ 96, 0, "__await__ __aiter__ __anext__ send" },
	{ 112, 0,
	  "__add__ __sub__ __mul__ __mod__ __divmod__ __pow__ __neg__ __pos__ __abs__ __bool__ __invert__ "
	  "__lshift__ __rshift__ __and__ __xor__ __or__ __int__ - __float__ __iadd__ __isub__ __imul__ "
	  "__imod__ __ipow__ __ilshift__ __irshift__ __iand__ __ixor__ __ior__ __floordiv__ __truediv__ "
	  "__ifloordiv__ __itruediv__ __index__ __matmul__ __imatmul__" },
	{ 120, 0,
	  "__len__ __add__ __mul__ __getitem__ - __setitem__ - __contains__ __iadd__ __imul__" },
	{ 128, 0, "__len__ __getitem__ __setitem__" },
	{ 176, 0, "__buffer__ __release_buffer__" },
};

static struct {
	uint64_t functions[MOST];
	char text[TEXT_MOST];
	uint32_t count, length;
} found; /* the zygote's */

static void add(const void *function, const char *name, uint64_t length)
{
	if (!function || found.count == MOST || found.length + length + 1 > TEXT_MOST)
		return;
	found.functions[found.count++] = (uint64_t)(uintptr_t)function;
	found.text[found.length++] = '\n';
	raw_copy(found.text + found.length, name, length);
	found.length += (uint32_t)length;
}

static const void *slot_of(const void *type, const struct slots *where, unsigned number)
{
	const char *table = where->table ? load_pointer(type, where->table) : (const char *)type;
	return table ? load_pointer(table, where->from + 8l * number) : NULL;
}

static void add_slots(const void *type, const void *base, const struct slots *where)
{
	unsigned number = 0;
	for (const char *name = where->names; *name; number++) {
		uint64_t length = 0;
		while (name[length] && name[length] != ' ')
			length++;
		const void *function = *name == '-' ? NULL : slot_of(type, where, number);
		if (!base || function != slot_of(base, where, number))
			add(function, name, length);
		name += length + (name[length] == ' ');
	}
}

static void add_type(const void *type)
{
	const char *method = load_pointer(type, python_at.type_methods);
	for (const char *name; method && (name = load_pointer(method, 0)); method += METHOD_SIZE)
		add(load_pointer(method, 8), name, raw_length(name));
	const char *attribute = load_pointer(type, python_at.type_getset);
	for (const char *name; attribute && (name = load_pointer(attribute, 0));
	     attribute += GETSET_SIZE) {
		add(load_pointer(attribute, 8), name, raw_length(name));
		add(load_pointer(attribute, 16), name, raw_length(name));
	}
	for (unsigned i = 0; i < sizeof slots / sizeof *slots; i++)
		add_slots(type, load_pointer(type, python_at.type_base), &slots[i]);
}

/* The main thread, attached, which holds the types. */
EXPORT void ftstress_operations(const void *const *types, unsigned count);
void ftstress_operations(const void *const *types, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const char *name = load_pointer(types[i], python_at.type_name);
		found.count = found.length = 0;
		add_type(types[i]);
		struct fts_operations head = { .count = found.count,
					       .name_length = (uint32_t)raw_length(name) };
		struct ring_part parts[] = { { &head, sizeof head },
					     { found.functions, 8 * found.count },
					     { name, head.name_length },
					     { found.text, found.length } };
		if (found.count)
			ring_write(FTS_REC_OPERATIONS, parts, 4);
	}
}
