/* layout.c - see layout.h. */
#include "runner/symbols/layout.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ftstress/layouts.h"

static const char *const names[FTS_LAYOUT_COUNT] = { FTS_LAYOUT_NAMES };

enum { DEPTH_MAX = 8 }; /* of structures without a name in structures */

/* A structure or an enumerator that is looked for. */
struct wanted {
	char *name;
	bool found;
	Dwarf_Die type; /* of a structure */
	Dwarf_Word value;
};

struct reading {
	Dwarf *dwarf;
	struct wanted *wanted; /* by name */
	size_t count, capacity, left;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct wanted *)a)->name, ((const struct wanted *)b)->name);
}

static struct wanted *wanted_named(const struct reading *reading, const char *name)
{
	struct wanted key = { .name = (char *)(uintptr_t)name };
	return name ? bsearch(&key, reading->wanted, reading->count, sizeof key, by_name) : NULL;
}

/* What stands in "kind(...)", or NULL. */
static char *inside(const char *what, const char *kind)
{
	size_t length = strlen(kind);
	if (strncmp(what, kind, length) != 0 || what[length] != '(')
		return NULL;
	return xstrndup(what + length + 1, strlen(what) - length - 2);
}

static void want(struct reading *reading, const char *from, size_t length)
{
	char *name = xstrndup(from, length);
	for (size_t i = 0; i < reading->count; i++)
		if (strcmp(reading->wanted[i].name, name) == 0) {
			free(name);
			return;
		}
	ARRAY_PUSH(reading->wanted, reading->count, reading->capacity,
		   (struct wanted){ .name = name });
}

static void want_all(struct reading *reading)
{
	for (size_t i = 0; i < FTS_LAYOUT_COUNT; i++) {
		char *values = inside(names[i], "value");
		char *inner = values ? NULL : inside(names[i], "bit");
		inner = values || inner ? inner : inside(names[i], "sizeof");
		const char *member = inner ? inner : names[i];
		char *rest = values, *value;
		while (values && (value = strsep(&rest, "|")))
			want(reading, value, strlen(value));
		if (!values)
			want(reading, member, strcspn(member, "."));
		free(values);
		free(inner);
	}
	qsort(reading->wanted, reading->count, sizeof *reading->wanted, by_name);
	reading->left = reading->count;
}

static bool bare_type(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;
	return dwarf_attr_integrate(die, DW_AT_type, &attribute) &&
	       dwarf_formref_die(&attribute, type) && dwarf_peel_type(type, type) == 0;
}

static bool is_whole(Dwarf_Die *type)
{
	int tag = dwarf_tag(type);
	return (tag == DW_TAG_structure_type || tag == DW_TAG_union_type) &&
	       !dwarf_hasattr(type, DW_AT_declaration);
}

static void see_structure(struct reading *reading, Dwarf_Die *die)
{
	struct wanted *wanted = wanted_named(reading, dwarf_diename(die));
	Dwarf_Die type = *die;
	if (!wanted || wanted->found ||
	    (dwarf_tag(die) == DW_TAG_typedef && !bare_type(die, &type)) || !is_whole(&type))
		return;
	wanted->type = type;
	wanted->found = true;
	reading->left--;
}

static void see_enumerators(struct reading *reading, Dwarf_Die *enumeration)
{
	Dwarf_Die one;
	Dwarf_Attribute attribute;
	if (dwarf_child(enumeration, &one) != 0)
		return;
	do {
		struct wanted *wanted = wanted_named(reading, dwarf_diename(&one));
		if (!wanted || wanted->found || dwarf_tag(&one) != DW_TAG_enumerator ||
		    !dwarf_attr(&one, DW_AT_const_value, &attribute) ||
		    dwarf_formudata(&attribute, &wanted->value) != 0)
			continue;
		wanted->found = true;
		reading->left--;
	} while (dwarf_siblingof(&one, &one) == 0);
}

static void see_unit(struct reading *reading, Dwarf_Die *unit)
{
	Dwarf_Die die;
	if (dwarf_child(unit, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);
		if (tag == DW_TAG_enumeration_type)
			see_enumerators(reading, &die);
		else if (tag == DW_TAG_structure_type || tag == DW_TAG_typedef)
			see_structure(reading, &die);
	} while (reading->left && dwarf_siblingof(&die, &die) == 0);
}

/* Where a member begins in its structure, in bits. */
static bool place_of(Dwarf_Die *member, Dwarf_Word *bits)
{
	Dwarf_Attribute attribute;
	if (dwarf_attr(member, DW_AT_data_bit_offset, &attribute))
		return dwarf_formudata(&attribute, bits) == 0;
	*bits = 0; /* of a union's there is none */
	if (dwarf_attr(member, DW_AT_data_member_location, &attribute) &&
	    dwarf_formudata(&attribute, bits) != 0)
		return false;
	*bits *= 8;
	return true;
}

/* The member of that name, also in structures without a name. */
static bool member_of(Dwarf_Die *type, const char *name, Dwarf_Die *found, Dwarf_Word *bits,
		      int depth)
{
	Dwarf_Die member, inner;
	if (depth == DEPTH_MAX || !is_whole(type) || dwarf_child(type, &member) != 0)
		return false;
	do {
		Dwarf_Word place, further;
		if (dwarf_tag(&member) != DW_TAG_member || !place_of(&member, &place))
			continue;
		const char *own = dwarf_diename(&member);
		if (own && strcmp(own, name) == 0) {
			*found = member;
			*bits = place;
			return true;
		}
		if (!own && bare_type(&member, &inner) &&
		    member_of(&inner, name, found, &further, depth + 1)) {
			*bits = place + further;
			return true;
		}
	} while (dwarf_siblingof(&member, &member) == 0);
	return false;
}

/* "A.b.c"; *bits: of all, or of the last step only. */
static bool find_member(const struct reading *reading, char *path, bool last_only, Dwarf_Word *bits)
{
	const struct wanted *wanted = wanted_named(reading, strsep(&path, "."));
	Dwarf_Die type, member;
	const char *step;
	if (!wanted || !wanted->found)
		return false;
	type = wanted->type;
	*bits = 0;
	while ((step = strsep(&path, "."))) {
		Dwarf_Word place;
		if (!member_of(&type, step, &member, &place, 0))
			return false;
		*bits = last_only ? place : *bits + place;
		if (path && !bare_type(&member, &type))
			return false;
	}
	return true;
}

static bool find_value(const struct reading *reading, char *values, Dwarf_Word *value)
{
	const char *one;
	while ((one = strsep(&values, "|"))) {
		const struct wanted *wanted = wanted_named(reading, one);
		if (!wanted || !wanted->found)
			continue;
		*value = wanted->value;
		return true;
	}
	return false;
}

static bool find_size(const struct reading *reading, const char *structure, Dwarf_Word *size)
{
	struct wanted *wanted = wanted_named(reading, structure);
	return wanted && wanted->found && dwarf_aggregate_size(&wanted->type, size) == 0;
}

static bool find_one(const struct reading *reading, const char *what, Dwarf_Word *value)
{
	char *size = inside(what, "sizeof"), *bit = inside(what, "bit");
	char *values = inside(what, "value"), *path = xstrdup(what);
	bool found;
	if (size) {
		found = find_size(reading, size, value);
	} else if (values) {
		found = find_value(reading, values, value);
	} else {
		found = find_member(reading, bit ? bit : path, bit, value);
		*value /= bit ? 1 : 8;
	}
	free(size);
	free(bit);
	free(values);
	free(path);
	return found;
}

static void write_all(const struct reading *reading, const char *version, struct buf *out)
{
	buf_printf(out, FTS_LAYOUT_MAGIC "%s\n", version);
	for (size_t i = 0; i < FTS_LAYOUT_COUNT; i++) {
		Dwarf_Word value = 0;
		if (find_one(reading, names[i], &value) && value < FTS_LAYOUT_NONE)
			buf_printf(out, "%s %" PRIu64 "\n", names[i], (uint64_t)value);
		else
			buf_printf(out, "%s -\n", names[i]);
	}
}

bool layout_read(const char *library, const char *version, struct buf *out)
{
	struct reading reading = { 0 };
	int fd = open(library, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	reading.dwarf = dwarf_begin(fd, DWARF_C_READ);
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	want_all(&reading);
	while (reading.dwarf && reading.left &&
	       dwarf_get_units(reading.dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0)
		see_unit(&reading, &die);
	const struct wanted *object = wanted_named(&reading, "PyObject");
	bool known = object && object->found;
	if (known)
		write_all(&reading, version, out);
	for (size_t i = 0; i < reading.count; i++)
		free(reading.wanted[i].name);
	free(reading.wanted);
	dwarf_end(reading.dwarf);
	close(fd);
	return known;
}

/* The file as it is now, and what is asked of it. */
static uint64_t key_of(const char *library, const struct stat *status)
{
	char *file = xprintf("%s %jd %jd %jd", library, (intmax_t)status->st_size,
			     (intmax_t)status->st_mtim.tv_sec, (intmax_t)status->st_mtim.tv_nsec);
	uint64_t key = hash_string(0, file);
	for (size_t i = 0; i < FTS_LAYOUT_COUNT; i++)
		key = hash_string(key, names[i]);
	free(file);
	return key;
}

char *layout_file(const char *cache, const char *library, const char *version)
{
	struct stat status;
	if (stat(library, &status) != 0)
		return NULL;
	char *folder = xprintf("%s/layout", cache);
	char *path = xprintf("%s/%s-%016" PRIx64, folder, version, key_of(library, &status));
	char *fresh = xprintf("%s.%d", path, getpid());
	struct buf text = { 0 };
	bool there = access(path, R_OK) == 0;
	if (!there && layout_read(library, version, &text)) {
		mkdir(folder, 0777);
		FILE *file = fopen(fresh, "we");
		bool whole = file && fwrite(text.data, 1, text.length, file) == text.length;
		whole = file && fclose(file) == 0 && whole;
		there = whole && rename(fresh, path) == 0;
	}
	buf_free(&text);
	free(folder);
	free(fresh);
	if (!there) {
		free(path);
		return NULL;
	}
	return path;
}

bool layout_parse(struct fts_layout *layout, const char *text, size_t length)
{
	return fts_layout_parse(layout, text, length, names);
}

static const struct fts_layout_text *text_of(unsigned major, unsigned minor)
{
	for (size_t i = 0; i < sizeof fts_layout_texts / sizeof *fts_layout_texts; i++)
		if (fts_layout_texts[i].major == major && fts_layout_texts[i].minor == minor)
			return &fts_layout_texts[i];
	return NULL;
}

bool layout_of_release(struct fts_layout *layout, unsigned major, unsigned minor)
{
	const struct fts_layout_text *text = text_of(major, minor);
	return text && layout_parse(layout, text->text, text->length);
}

char *layout_release(unsigned major, unsigned minor)
{
	const struct fts_layout_text *text = text_of(major, minor);
	const size_t magic = sizeof FTS_LAYOUT_MAGIC - 1;
	return text ? xstrndup(text->text + magic, strcspn(text->text + magic, "\n")) : NULL;
}
