/*
 * order.c - the level, and where the functions are that the rules name.
 *
 * FTSTRESS_HAPPENS_BEFORE in the environment: "as-written" tells TSan every order as the
 * interpreter's source has it, "meant" as the rules say. Read once, at start; until then, and
 * under as-written, the interpreter's range is empty and no rule applies.
 *
 * Functions are looked up in the symbol table of the file that the interpreter was loaded from:
 * half of them are static. The file is mapped once, at start, in the single-threaded zygote.
 */
#define _GNU_SOURCE
#include "interpose/order/order.h"

#include "interpose/base/memory_order.h"
#include "interpose/base/concern.h"
#include "interpose/base/file.h"
#include "interpose/base/ring.h"
#include "interpose/python/layout.h"
#include "interpose/python/release.h"
#include "interpose/order/type_cache.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#define CODE_MAX (64ul << 20) /* bytes of the interpreter's code */

HIDDEN uintptr_t order_low, order_size;
HIDDEN uint8_t order_places[CODE_MAX / 16];
HIDDEN const void *order_cells;
HIDDEN bool order_type_cache;

static const struct python_functions of_all[] = {
#define ORDER_PLACE(name, functions, why) { PLACE_##name, functions },
#define ORDER_ALSO ORDER_PLACE
#include "interpose/order/order_table.h"
};
#define OF_ALL (sizeof of_all / sizeof of_all[0])

/* Those of every release, then those of this one; NULL behind the last. */
static const struct python_functions *functions_at(unsigned index)
{
	const struct python_functions *more = python_release->functions;
	if (index < OF_ALL)
		return &of_all[index];
	return more[index - OF_ALL].names ? &more[index - OF_ALL] : NULL;
}

/* Reference counts: what is a type. */

enum { TYPE_SLOTS = 4096, COUNT_TO_TYPE = OBJECT_TYPE - OBJECT_COUNT_SHARED };

static const void *seen_types[TYPE_SLOTS], *seen_others[TYPE_SLOTS];
static const void *type_type;

static inline unsigned slot_of(const void *pointer)
{
	uintptr_t bits = (uintptr_t)pointer;
	return (unsigned)(bits >> 4 ^ bits >> 16) % TYPE_SLOTS;
}

/* Read a word that may not be mapped. */
static bool read_word(const void *address, void *word)
{
	struct iovec here = { word, 8 };
	struct iovec there = { (void *)(uintptr_t)address, 8 };
	return raw_syscall6(SYS_process_vm_readv, raw_getpid(), (long)&here, 1, (long)&there, 1,
			    0) == 8;
}

static const void *word_at(const void *address, long offset)
{
	const void *word = NULL;
	if (!address || ((uintptr_t)address & 7) != 0)
		return NULL;
	return read_word((const char *)address + offset, &word) ? word : NULL;
}

/*
 * What has a type that makes types is a type, and is not just an object; the type of that is one,
 * too, and so on, which ends at `type`.
 */
static bool is_type(const void *candidate)
{
	const void *meta = word_at(candidate, OBJECT_TYPE);
	if (!((uintptr_t)word_at(meta, python_at.type_flags) & TYPE_SUBCLASS))
		return false;
	for (int depth = 0; depth < 5 && meta; depth++) {
		if (meta == type_type)
			return true;
		meta = word_at(meta, OBJECT_TYPE);
	}
	return false;
}

static __attribute__((noinline)) bool look_at_type(const void *type)
{
	bool yes = is_type(type);
	const void **table = yes ? seen_types : seen_others;
	__atomic_store_n(&table[slot_of(type)], type, __ATOMIC_RELAXED);
	return yes;
}

bool order_is_count(const volatile void *word)
{
	const void *type =
		*(const void *const volatile *)((const volatile char *)word + COUNT_TO_TYPE);
	unsigned slot = slot_of(type);
	if (LIKELY(__atomic_load_n(&seen_types[slot], __ATOMIC_RELAXED) == type))
		return type != NULL;
	if (__atomic_load_n(&seen_others[slot], __ATOMIC_RELAXED) == type)
		return false;
	return look_at_type(type);
}

/* Start. */

struct image {
	const char *bytes;
	uint64_t size;
	uintptr_t bias;
};

static bool same_word(const char *list, const char *name, const char **after)
{
	while (*name && *list == *name)
		list++, name++;
	*after = list;
	return !*name && (*list == ' ' || !*list);
}

static void skip_word(const char **list)
{
	while (**list && **list != ' ')
		++*list;
	while (**list == ' ')
		++*list;
}

/* Which place a function of this name is, or 0; *index: its number among all names. */
static unsigned place_of_name(const char *name, unsigned *index)
{
	*index = 0;
	const struct python_functions *functions;
	for (unsigned i = 0; (functions = functions_at(i)); i++) {
		const char *list = functions->names, *after;
		for (; *list; skip_word(&list), ++*index)
			if (same_word(list, name, &after))
				return functions->place;
	}
	return 0;
}

enum { NAMES_MAX = 512 };
static uint8_t times_seen[NAMES_MAX];

static void mark(uintptr_t low, uint64_t size, unsigned place)
{
	uintptr_t offset = low - order_low;
	if (offset >= order_size || size > order_size - offset)
		return;
	for (uint64_t i = offset >> 4; i <= (offset + size - 1) >> 4; i++)
		order_places[i] = (uint8_t)place;
}

/* Counts the symbols that have each name, or marks where the functions of these names are. */
static void look_at_symbols(const struct image *image, const ElfW(Shdr) * section,
			    const ElfW(Shdr) * strings, bool marks)
{
	const ElfW(Sym) *symbol = (const ElfW(Sym) *)(image->bytes + section->sh_offset);
	for (uint64_t n = section->sh_size / sizeof *symbol; n > 0; n--, symbol++) {
		if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || !symbol->st_size)
			continue;
		unsigned index;
		unsigned place =
			place_of_name(image->bytes + strings->sh_offset + symbol->st_name, &index);
		if (!place || index >= NAMES_MAX)
			continue;
		/* Of two functions of one name none is meant with certainty. */
		if (marks)
			mark(image->bias + symbol->st_value, symbol->st_size,
			     times_seen[index] == 1 ? place : PLACE_AS_WRITTEN);
		else if (times_seen[index] < UINT8_MAX)
			times_seen[index]++;
	}
}

static bool find_symbols(const struct image *image)
{
	const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)image->bytes;
	if (!header->e_shoff ||
	    header->e_shoff + header->e_shnum * sizeof(ElfW(Shdr)) > image->size)
		return false;
	const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(image->bytes + header->e_shoff);
	for (unsigned i = 0; i < header->e_shnum; i++)
		if (sections[i].sh_type == SHT_SYMTAB) {
			const ElfW(Shdr) *strings = &sections[sections[i].sh_link];
			look_at_symbols(image, &sections[i], strings, false);
			look_at_symbols(image, &sections[i], strings, true);
			return true;
		}
	return false;
}

/* The interpreter's executable segment. */
static bool find_code(const struct image *image, uintptr_t *low, uintptr_t *size)
{
	const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)image->bytes;
	const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(image->bytes + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_LOAD && (segments[i].p_flags & PF_X)) {
			*low = image->bias + segments[i].p_vaddr;
			*size = segments[i].p_memsz;
			return *size < CODE_MAX;
		}
	return false;
}

/* Tell the run's notes which functions were not found that this release should have. */
static void tell_missing(void)
{
	const struct python_functions *functions;
	static const char begin[] =
		"happens-before: this Python has no single function of this name, "
		"its operations are told as written:";
	static char text[2048];
	uint64_t length = sizeof begin - 1;
	raw_copy(text, begin, length);
	unsigned index = 0, missing = 0;
	for (unsigned i = 0; (functions = functions_at(i)); i++)
		for (const char *list = functions->names; *list; skip_word(&list), index++) {
			if (times_seen[index] == 1)
				continue;
			missing++;
			const char *end = list;
			while (*end && *end != ' ')
				end++;
			if (length + (uint64_t)(end - list) + 1 > sizeof text)
				continue;
			text[length++] = ' ';
			raw_copy(text + length, list, (uint64_t)(end - list));
			length += (uint64_t)(end - list);
		}
	struct ring_part part = { text, (uint32_t)length };
	if (missing)
		ring_write(FTS_REC_NOTE, &part, 1);
}

static bool start(const char **why)
{
	const char *level = getenv("FTSTRESS_HAPPENS_BEFORE");
	if (!level || raw_same(level, "as-written")) {
		*why = CONCERN_OFF; /* the level is as-written */
		return false;
	}
	if (!raw_same(level, "meant")) {
		*why = "FTSTRESS_HAPPENS_BEFORE is neither as-written nor meant";
		return false;
	}
	if (!python_known(why))
		return false;
	if (!type_cache_probe()) {
		*why = "the type cache of this Python looks different";
		return false;
	}
	struct image image = { 0 };
	Dl_info info;
	struct link_map *map = NULL;
	type_type = dlsym(RTLD_DEFAULT, "PyType_Type");
	void *loop = dlsym(RTLD_DEFAULT, "_PyEval_EvalFrameDefault");
	if (!loop || !dladdr1(loop, &info, (void **)&map, RTLD_DL_LINKMAP) || !map ||
	    word_at(type_type, OBJECT_TYPE) != type_type || !is_type(type_type)) {
		*why = "the interpreter's types or code cannot be read";
		return false;
	}
	uintptr_t low, size;
	const char *path = *map->l_name ? map->l_name : "/proc/self/exe";
	image.bytes = file_map(path, &image.size);
	if (!image.bytes) {
		*why = "the interpreter's file cannot be read again";
		return false;
	}
	image.bias = map->l_addr;
	bool found = find_code(&image, &low, &size);
	if (found) {
		order_low = low;
		for (uint64_t i = 0; i <= size >> 4; i++)
			order_places[i] = PLACE_PYTHON;
		order_size = size;
		found = find_symbols(&image);
		if (!found)
			order_size = 0;
	}
	raw_syscall3(SYS_munmap, (long)image.bytes, (long)image.size, 0);
	if (!found) {
		*why = "the interpreter has no symbol table (stripped): which function an "
		       "operation stands in is not known";
		return false;
	}
	if (python_release->locks_cells)
		order_cells = dlsym(RTLD_DEFAULT, "PyCell_Type");
	order_type_cache = true;
	tell_missing();
	return true;
}

const struct concern concern_order = {
	.name = "happens-before as meant",
	.start = start,
};
