/* members.c - see members.h. */
#include "runner/symbols/members.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner/base/meanwhile.h"
#include "runner/base/util.h"

enum {
	DEPTH_MAX = 16, /* of structures in structures, and of typedefs of typedefs */
};

/* A structure that was asked for, by its name or a typedef. */
struct named {
	char *name;
	Dwarf_Die structure;
	bool found;
};

struct members {
	Dwarf *dwarf;
	int fd;
	/* The unit that was asked last: the next address is often in it, too. */
	Dwarf_Die unit;
	bool has_unit;
	struct named *named;
	size_t named_count, named_capacity;
};

struct members *members_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);
	if (!dwarf) {
		close(fd);
		return NULL;
	}
	struct members *members = xcalloc(1, sizeof *members);
	members->dwarf = dwarf;
	members->fd = fd;
	return members;
}

void members_close(struct members *members)
{
	if (!members)
		return;
	for (size_t i = 0; i < members->named_count; i++)
		free(members->named[i].name);
	free(members->named);
	dwarf_end(members->dwarf);
	close(members->fd);
	free(members);
}

/* The compilation unit of an address. clang writes no table of them, so all are asked. */
static bool find_unit(struct members *members, uint64_t address)
{
	if (members->has_unit && dwarf_haspc(&members->unit, address) == 1)
		return true;
	members->has_unit = false;
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	while (dwarf_get_units(members->dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0) {
		if (dwarf_haspc(&die, address) != 1)
			continue;
		members->unit = die;
		return members->has_unit = true;
	}
	return false;
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;
	return dwarf_attr_integrate(die, DW_AT_type, &attribute) &&
	       dwarf_formref_die(&attribute, type);
}

/* The type below typedefs, const and the like. */
static bool bare_type(Dwarf_Die *die, Dwarf_Die *type)
{
	return type_of(die, type) && dwarf_peel_type(type, type) == 0;
}

static bool is_structure(Dwarf_Die *type)
{
	int tag = dwarf_tag(type);
	return (tag == DW_TAG_structure_type || tag == DW_TAG_class_type) &&
	       !dwarf_hasattr(type, DW_AT_declaration);
}

static bool is_field(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);
	return tag == DW_TAG_member || tag == DW_TAG_inheritance;
}

/* Where a member begins in its structure. False: it has no place in it (a static one). */
static bool place_of(Dwarf_Die *member, Dwarf_Word *place)
{
	Dwarf_Attribute attribute;
	if (dwarf_attr(member, DW_AT_data_member_location, &attribute))
		return dwarf_formudata(&attribute, place) == 0;
	if (dwarf_attr(member, DW_AT_data_bit_offset, &attribute) &&
	    dwarf_formudata(&attribute, place) == 0) {
		*place /= 8;
		return true;
	}
	return false;
}

/* Is it PyObject's structure, or one that begins with it? */
static bool begins_with_object(Dwarf_Die *type, int depth)
{
	Dwarf_Die member, inner;
	const char *name = dwarf_diename(type);
	if (name && strcmp(name, "_object") == 0)
		return true;
	if (depth == DEPTH_MAX || !is_structure(type) || dwarf_child(type, &member) != 0)
		return false;
	do {
		Dwarf_Word place;
		if (is_field(&member) && place_of(&member, &place))
			return place == 0 && bare_type(&member, &inner) &&
			       begins_with_object(&inner, depth + 1);
	} while (dwarf_siblingof(&member, &member) == 0);
	return false;
}

/* The member of `type` that has the byte at `offset`; its place in *start. */
static bool member_at(Dwarf_Die *type, uint64_t offset, Dwarf_Die *found, uint64_t *start)
{
	Dwarf_Die member;
	bool any = false;
	if (dwarf_child(type, &member) != 0)
		return false;
	do {
		Dwarf_Word place;
		if (is_field(&member) && place_of(&member, &place) && place <= offset &&
		    (!any || place >= *start)) {
			*found = member;
			*start = place;
			any = true;
		}
	} while (dwarf_siblingof(&member, &member) == 0);
	return any;
}

/* Is what comes behind the structure its own: is its last member an array? */
static bool ends_in_array(Dwarf_Die *type, int depth)
{
	Dwarf_Die last, inner;
	uint64_t start = 0;
	if (dwarf_tag(type) == DW_TAG_array_type)
		return true;
	return depth < DEPTH_MAX && is_structure(type) &&
	       member_at(type, UINT64_MAX, &last, &start) && bare_type(&last, &inner) &&
	       ends_in_array(&inner, depth + 1);
}

/*
 * Adds the name of what lies at `offset` of `type`. What is behind the last member is its own only
 * if that is an array (of a size that is known when the object is made), or ends in one.
 */
static bool add_name(struct buf *out, Dwarf_Die *type, uint64_t offset, int depth)
{
	Dwarf_Die member, inner;
	uint64_t start = 0;
	Dwarf_Word size = 0;
	if (depth == DEPTH_MAX || !is_structure(type) || !member_at(type, offset, &member, &start))
		return false;
	const char *name = dwarf_diename(&member);
	/* Cython names the class that one is derived from so. */
	bool is_base = !name || !strcmp(name, "ob_base") || !strcmp(name, "__pyx_base");
	if (!bare_type(&member, &inner))
		return false;
	bool is_array = dwarf_tag(&inner) == DW_TAG_array_type;
	if (dwarf_aggregate_size(&inner, &size) != 0)
		size = 0;
	uint64_t rest = offset - start, end = 0;
	Dwarf_Die last;
	bool is_last = member_at(type, UINT64_MAX, &last, &end) && end == start;
	if (!is_array && rest >= size && !(is_last && ends_in_array(&inner, depth)))
		return false; /* between two members, or behind the last */
	if (!is_base) {
		buf_puts(out, out->length ? "." : "");
		buf_puts(out, name);
	}
	if (is_array) {
		Dwarf_Die element;
		Dwarf_Word each = 0;
		buf_puts(out, "[]");
		if (!bare_type(&inner, &element) || dwarf_aggregate_size(&element, &each) != 0 ||
		    !each || !is_structure(&element))
			return !is_base;
		return add_name(out, &element, rest % each, depth + 1);
	}
	if (is_structure(&inner))
		return add_name(out, &inner, rest, depth + 1);
	return !is_base;
}

/* What all candidates so far agree on. */
struct candidates {
	char *name;
	bool differ;
};

static void add_candidate(struct candidates *candidates, Dwarf_Die *variable, uint64_t offset)
{
	Dwarf_Die pointer, type;
	struct buf name = { 0 };
	if (!bare_type(variable, &pointer) || dwarf_tag(&pointer) != DW_TAG_pointer_type ||
	    !bare_type(&pointer, &type) || !begins_with_object(&type, 0) ||
	    !add_name(&name, &type, offset, 0)) {
		buf_free(&name);
		return;
	}
	if (candidates->name && strcmp(candidates->name, name.data) != 0)
		candidates->differ = true;
	if (candidates->name)
		buf_free(&name);
	else
		candidates->name = buf_take(&name);
}

/*
 * The scopes around an address, from the inside: blocks, inlined functions, the function that they
 * were inlined into. (dwarf_getscopes() goes on from an inlined function to where it was written.)
 */
static int scopes_around(Dwarf_Die *unit, uint64_t address, Dwarf_Die **scopes)
{
	Dwarf_Die *written = NULL;
	int count = dwarf_getscopes(unit, address, &written);
	if (count > 0)
		count = dwarf_getscopes_die(&written[0], scopes);
	free(written);
	return count;
}

char *members_name(struct members *members, uint64_t address, uint64_t offset)
{
	Dwarf_Die *scopes = NULL;
	if (!find_unit(members, address))
		return NULL;
	int count = scopes_around(&members->unit, address, &scopes);
	struct candidates candidates = { 0 };
	for (int i = 0; i < count && !candidates.name; i++) {
		Dwarf_Die variable;
		int tag = dwarf_tag(&scopes[i]);
		if (tag == DW_TAG_compile_unit || dwarf_child(&scopes[i], &variable) != 0)
			continue;
		do {
			tag = dwarf_tag(&variable);
			if (tag == DW_TAG_variable || tag == DW_TAG_formal_parameter)
				add_candidate(&candidates, &variable, offset);
		} while (dwarf_siblingof(&variable, &variable) == 0);
	}
	free(scopes);
	if (candidates.differ) {
		free(candidates.name);
		return NULL;
	}
	return candidates.name;
}

/* The structure of the name, or that a typedef of it stands for, if the unit declares it whole. */
static bool find_structure(Dwarf_Die *unit, const char *name, Dwarf_Die *structure)
{
	Dwarf_Die die;
	if (dwarf_child(unit, &die) != 0)
		return false;
	do {
		bool is_typedef = dwarf_tag(&die) == DW_TAG_typedef, own = is_structure(&die);
		const char *has = is_typedef || own ? dwarf_diename(&die) : NULL;
		if (!has || strcmp(has, name) != 0)
			continue;
		*structure = die;
		return own || (bare_type(&die, structure) && is_structure(structure));
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

static const struct named *named_as(struct members *members, const char *name)
{
	for (size_t i = 0; i < members->named_count; i++)
		if (strcmp(members->named[i].name, name) == 0)
			return &members->named[i];
	struct named named = { .name = xstrdup(name) };
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	while (!named.found &&
	       dwarf_get_units(members->dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0) {
		meanwhile();
		named.found = find_structure(&die, name, &named.structure);
	}
	ARRAY_PUSH(members->named, members->named_count, members->named_capacity, named);
	return &members->named[members->named_count - 1];
}

char *members_name_in(struct members *members, const char *structure, uint64_t offset)
{
	const struct named *named = named_as(members, structure);
	struct buf name = { 0 };
	Dwarf_Die type = named->structure;
	if (named->found && add_name(&name, &type, offset, 0))
		return buf_take(&name);
	buf_free(&name);
	return NULL;
}
