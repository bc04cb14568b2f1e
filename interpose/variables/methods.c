/* methods.c - see methods.h. */
#define _GNU_SOURCE
#include "interpose/variables/methods.h"

#include "interpose/python/layout.h"

#include <dlfcn.h>
#include <stddef.h>
#include <sys/mman.h>

enum {
	PAGE = 4096,
	TYPE_WORDS = 100,     /* that are looked at for a slot */
	STRUCTURE_WORDS = 10, /* of tp_as_sequence, */
	NUMBER_WORDS = 36,    /* and of tp_as_number */
};

/* PyMethodDef */
struct definition {
	const char *name;
	void *function;
};

static void *attribute_of(void *type, const char *name)
{
	void *(*attribute)(void *, const char *) =
		(void *(*)(void *, const char *))dlsym(RTLD_DEFAULT, "PyObject_GetAttrString");
	return attribute(type, name);
}

void *methods_object(const char *module, const char *type, const char *name)
{
	void *(*import)(const char *) =
		(void *(*)(const char *))dlsym(RTLD_DEFAULT, "PyImport_ImportModule");
	void *object = import ? import(module) : NULL;
	if (object && type)
		object = attribute_of(object, type);
	return object ? attribute_of(object, name) : NULL;
}

static void make_writable(void *memory)
{
	uintptr_t page = (uintptr_t)memory & ~(uintptr_t)(PAGE - 1);
	raw_syscall3(SYS_mprotect, (long)page, 2 * PAGE, PROT_READ | PROT_WRITE);
}

void *methods_replace(const char *module, const char *type, const char *name, void *function)
{
	void *object = methods_object(module, type, name);
	struct definition *found =
		object ? load_pointer(object, type ? python_at.method_definition
						   : python_at.function_definition)
		       : NULL;
	if (!found || !raw_same(found->name, name))
		return NULL;
	void *was = found->function;
	make_writable(found);
	found->function = function;
	return was;
}

void *methods_slot_of(void *type, enum methods_slot slot)
{
	void *(*get)(void *, int) = (void *(*)(void *, int))dlsym(RTLD_DEFAULT, "PyType_GetSlot");
	return get ? get(type, (int)slot) : NULL;
}

/*
 * `type.__setattr__` and so on name the function, too: subclasses take it from there, and CPython
 * compares the two.
 */
static void replace_in_methods(void *type, enum methods_slot slot, void *was, void *function)
{
	static const char *const names[][2] = {
		[SLOT_ASSIGN_ITEM] = { "__setitem__", "__delitem__" },
		[SLOT_ITEM] = { "__getitem__", NULL },
		[SLOT_ASSIGN_INDEX] = { "__setitem__", "__delitem__" },
		[SLOT_INDEX] = { "__getitem__", NULL },
		[SLOT_CONTAINS] = { "__contains__", NULL },
		[SLOT_ITER] = { "__iter__", NULL },
		[SLOT_ITERNEXT] = { "__next__", NULL },
		[SLOT_SET_ATTRIBUTE] = { "__setattr__", "__delattr__" },
		[SLOT_VECTORCALL] = { NULL, NULL },
	};
	for (unsigned i = 0; i < 2 && names[slot][i]; i++) {
		char *method = attribute_of(type, names[slot][i]);
		if (method && load_pointer(method, python_at.wrapper_function) == was)
			*(void **)(method + python_at.wrapper_function) = function;
	}
}

void *methods_replace_slot(void *type, enum methods_slot slot, void *function)
{
	void *was = methods_slot_of(type, slot);
	void **slots = type;
	unsigned words = TYPE_WORDS;
	if (slot == SLOT_CONTAINS || slot == SLOT_INDEX || slot == SLOT_ASSIGN_INDEX)
		slots = load_pointer(type, python_at.type_sequence), words = STRUCTURE_WORDS;
	if (slot >= SLOT_IN_PLACE_ADD &&
	    slot <= SLOT_IN_PLACE_XOR) /* right before the sequence's */
		slots = load_pointer(type, python_at.type_sequence - 8), words = NUMBER_WORDS;
	if (slot == SLOT_ITEM || slot == SLOT_ASSIGN_ITEM)
		slots = load_pointer(type, python_at.type_mapping), words = 3;
	for (unsigned i = 0; was && slots && i < words; i++)
		if (slots[i] == was) {
			slots[i] = function;
			replace_in_methods(type, slot, was, function);
			return was;
		}
	return NULL;
}
