/* classes.c - see classes.h. */
#define _GNU_SOURCE
#include "interpose/variables/classes.h"

#include "interpose/python/layout.h"
#include "interpose/variables/fibers.h"
#include "interpose/variables/methods.h"
#include "interpose/variables/scope.h"
#include "interpose/variables/variables.h"

#include <dlfcn.h>
#include <stddef.h>

enum { NO_CACHE = 30000 }; /* _Py_ATTR_CACHE_UNUSED */

typedef int set_attribute_function(void *type, void *name, void *value);
static set_attribute_function *real_set_attribute;

static uint16_t *versions_used(void *type)
{
	return (uint16_t *)((char *)type + python_at.type_versions_used);
}

static int set_attribute(void *type, void *name, void *value)
{
	int failed = real_set_attribute(type, name, value);
	const void *frame = variables_testing && !failed && !fibers_busy ? innermost_frame() : NULL;
	if (frame) {
		struct call call = call_of(frame);
		name_call(&call);
		if (call.scope & SCOPE_TOLD)
			__atomic_store_n(versions_used(type), NO_CACHE, __ATOMIC_RELAXED);
	}
	return failed;
}

/* Does a class that has changed, and is asked for something, count one version more? */
static bool counts_versions(void)
{
	void *type = methods_object("abc", NULL, "ABCMeta");
	void (*modified)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "PyType_Modified");
	if (!type || !modified || !methods_object("abc", "ABCMeta", "register"))
		return false;
	uint16_t before = *versions_used(type);
	modified(type);
	bool gone = load32(type, python_at.type_version) == 0;
	return gone && methods_object("abc", "ABCMeta", "register") &&
	       load32(type, python_at.type_version) != 0 && *versions_used(type) == before + 1;
}

/* Subclasses of `type` have a copy of its slots. */
static void replace_in_subclasses(void *metaclass, unsigned depth)
{
	void *(*call)(void *, const char *, const char *, ...) =
		(void *(*)(void *, const char *, const char *, ...))dlsym(RTLD_DEFAULT,
									  "PyObject_CallMethod");
	void *(*item)(void *, long) =
		(void *(*)(void *, long))dlsym(RTLD_DEFAULT, "PyList_GetItemRef");
	long (*size)(void *) = (long (*)(void *))dlsym(RTLD_DEFAULT, "PyList_Size");
	void *subclasses =
		call(methods_object("builtins", NULL, "type"), "__subclasses__", "(O)", metaclass);
	for (long i = 0; subclasses && i < size(subclasses); i++) {
		void *type = item(subclasses, i);
		if (methods_slot_of(type, SLOT_SET_ATTRIBUTE) == (void *)real_set_attribute)
			methods_replace_slot(type, SLOT_SET_ATTRIBUTE, (void *)set_attribute);
		if (depth)
			replace_in_subclasses(type, depth - 1);
	}
}

bool classes_start(void)
{
	void *type = dlsym(RTLD_DEFAULT, "PyType_Type");
	if (!type || !counts_versions())
		return false;
	real_set_attribute = (set_attribute_function *)methods_slot_of(type, SLOT_SET_ATTRIBUTE);
	if (!real_set_attribute ||
	    !methods_replace_slot(type, SLOT_SET_ATTRIBUTE, (void *)set_attribute))
		return false;
	replace_in_subclasses(type, 2);
	return true;
}
