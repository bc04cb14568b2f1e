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
#include "interpose/base/ring.h"

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

static const struct {
	enum place place;
	unsigned since;        /* minor version of Python */
	const char *functions; /* separated by a blank */
} named[] = {
#define ORDER_PLACE(name, since, functions, why) { PLACE_##name, since, functions },
#define ORDER_ALSO ORDER_PLACE
#include "interpose/order/order_table.h"
};
#define NAMED (sizeof named / sizeof named[0])

/* Reference counts: what is a type. */

enum { TYPE_SLOTS = 4096, OB_TYPE = 24, COUNT_TO_TYPE = 8, TYPE_FLAGS = 184 };
#define FLAG_MAKES_TYPES (1ul << 31) /* Py_TPFLAGS_TYPE_SUBCLASS */

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
	const char *at = (const char *)address + offset;
	return address && ((uintptr_t)address & 7) == 0 && read_word(at, &word) ? word : NULL;
}

/*
 * What has a type that makes types is a type, and is not just an object; the type of that is one,
 * too, and so on, which ends at `type`.
 */
static bool is_type(const void *candidate)
{
	const void *meta = word_at(candidate, OB_TYPE);
	if (!((uintptr_t)word_at(meta, TYPE_FLAGS) & FLAG_MAKES_TYPES))
		return false;
	for (int depth = 0; depth < 5 && meta; depth++) {
		if (meta == type_type)
			return true;
		meta = word_at(meta, OB_TYPE);
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

static bool map_file(const char *path, struct image *image)
{
	int fd = (int)raw_syscall3(SYS_open, (long)path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	struct stat status = { 0 }; /* the analyzer knows no raw call's result */
	long at = -1;
	if (raw_syscall3(SYS_fstat, fd, (long)&status, 0) == 0)
		at = raw_syscall6(SYS_mmap, 0, status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	raw_syscall3(SYS_close, fd, 0, 0);
	if (at < 0 && at > -4096)
		return false;
	image->bytes = (const char *)at;
	image->size = (uint64_t)status.st_size;
	return true;
}

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
	for (unsigned i = 0; i < NAMED; i++) {
		const char *list = named[i].functions, *after;
		for (; *list; skip_word(&list), ++*index)
			if (same_word(list, name, &after))
				return named[i].place;
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

static void mark_symbols(const struct image *image, const ElfW(Shdr) * section,
			 const ElfW(Shdr) * strings)
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
		if (times_seen[index]++)
			place = PLACE_AS_WRITTEN;
		mark(image->bias + symbol->st_value, symbol->st_size, place);
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
			mark_symbols(image, &sections[i], &sections[sections[i].sh_link]);
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

/* Tell the run's notes which functions were not found that this version should have. */
static void tell_missing(unsigned minor)
{
	static char text[2048] = "happens-before: this Python has no single function of this name, "
				 "its operations are told as written:";
	uint64_t length = raw_length(text);
	unsigned index = 0, missing = 0;
	for (unsigned i = 0; i < NAMED; i++)
		for (const char *list = named[i].functions; *list; skip_word(&list), index++) {
			if (times_seen[index] == 1 || minor < named[i].since)
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
		*why = "the level is as-written: every synchronisation of the interpreter counts";
		return false;
	}
	if (!raw_same(level, "meant")) {
		*why = "FTSTRESS_HAPPENS_BEFORE is neither as-written nor meant";
		return false;
	}
	struct image image = { 0 };
	Dl_info info;
	struct link_map *map = NULL;
	type_type = dlsym(RTLD_DEFAULT, "PyType_Type");
	void *loop = dlsym(RTLD_DEFAULT, "_PyEval_EvalFrameDefault");
	if (!loop || !dladdr1(loop, &info, (void **)&map, RTLD_DL_LINKMAP) || !map ||
	    word_at(type_type, OB_TYPE) != type_type || !is_type(type_type)) {
		*why = "the interpreter's types or code cannot be read";
		return false;
	}
	uintptr_t low, size;
	const char *path = *map->l_name ? map->l_name : "/proc/self/exe";
	if (!map_file(path, &image)) {
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
	/* major, minor, micro, level: a byte each; of 3.11 and later */
	const uint32_t *version = dlsym(RTLD_DEFAULT, "Py_Version");
	unsigned minor = version ? *version >> 16 & 0xff : UINT8_MAX;
	order_type_cache = minor == 13 || minor == 14;
	if (minor == 13)
		order_cells = dlsym(RTLD_DEFAULT, "PyCell_Type");
	tell_missing(minor);
	return true;
}

const struct concern concern_order = {
	.name = "happens-before as meant",
	.start = start,
};
