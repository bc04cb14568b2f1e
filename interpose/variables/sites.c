/* sites.c - see sites.h. The table is text; it is read once, at start. */
#define _GNU_SOURCE
#include "interpose/variables/sites.h"

#include "interpose/base/file.h"
#include "interpose/base/private_heap.h"

#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define CODE_MAX (64ul << 20) /* bytes of the interpreter's code */
#define SITES_LEAST 50        /* fewer are not this table */
enum { CALL_BYTES = 5, CALL_OPCODE = 0xe8 };

HIDDEN uintptr_t sites_low, sites_size;
HIDDEN const uint8_t *sites;
HIDDEN uint32_t opcode_flags[256];
HIDDEN uint8_t opcode_caches[256];
static uint8_t *own_code; /* by 16 bytes */

bool sites_is_own(uintptr_t address)
{
	uintptr_t offset = address - sites_low;
	return offset < sites_size && own_code[offset >> 4];
}

/* Words of a line. */

static bool next_word(const char **at, const char *end, const char **word, unsigned *length)
{
	while (*at < end && **at == ' ')
		++*at;
	*word = *at;
	while (*at < end && **at != ' ' && **at != '\n')
		++*at;
	*length = (unsigned)(*at - *word);
	return *length > 0;
}

static bool is_word(const char *word, unsigned length, const char *text)
{
	return raw_length(text) == length && raw_equal(word, text, length);
}

static uint64_t number_of(const char *word, unsigned length, unsigned base)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < length; i++) {
		unsigned digit =
			word[i] >= 'a' ? (unsigned)(word[i] - 'a') + 10 : (unsigned)(word[i] - '0');
		if (digit >= base)
			return UINT64_MAX;
		number = number * base + digit;
	}
	return length ? number : UINT64_MAX;
}

static unsigned place_of(char letter, const char *letters)
{
	for (unsigned i = 0; letters[i]; i++)
		if (letters[i] == letter)
			return i;
	return 255;
}

/* Lines. */

struct reader {
	const char *at, *end;
	uint8_t *sites;
	unsigned found;
};

static bool take_number(struct reader *reader, unsigned base, uint64_t *number)
{
	const char *word;
	unsigned length;
	if (!next_word(&reader->at, reader->end, &word, &length))
		return false;
	*number = number_of(word, length, base);
	return *number != UINT64_MAX;
}

/* site ADDRESS OPERATION CLASS */
static bool take_site(struct reader *reader)
{
	uint64_t address;
	const char *operation, *class;
	unsigned length, class_length;
	if (!take_number(reader, 16, &address) ||
	    !next_word(&reader->at, reader->end, &operation, &length) ||
	    !next_word(&reader->at, reader->end, &class, &class_length))
		return false;
	unsigned what = place_of(*operation, " RWrwk"), kind = place_of(*class, "vscldLDne");
	if (what == 0 || what > 5 || kind > 8 || address < CALL_BYTES || address >= sites_size ||
	    *((const uint8_t *)sites_low + address - CALL_BYTES) != CALL_OPCODE)
		return false;
	reader->sites[address] = (uint8_t)(what | kind << 3);
	reader->found++;
	return true;
}

/* own ADDRESS BYTES */
static bool take_own(struct reader *reader)
{
	uint64_t address, bytes;
	if (!take_number(reader, 16, &address) || !take_number(reader, 10, &bytes) ||
	    address >= sites_size || bytes >= sites_size - address)
		return false;
	for (uint64_t i = address >> 4; i < (address + bytes + 15) >> 4; i++)
		own_code[i] = 1;
	return true;
}

/* op NUMBER CACHES FLAGS */
static bool take_opcode(struct reader *reader)
{
	uint64_t number, caches;
	const char *letters;
	unsigned length;
	if (!take_number(reader, 10, &number) || !take_number(reader, 10, &caches) ||
	    !next_word(&reader->at, reader->end, &letters, &length) || number > 255)
		return false;
	opcode_caches[number] = (uint8_t)caches;
	for (unsigned i = 0; i < length; i++) {
		unsigned bit = place_of(letters[i], "aAgGdklLsSxebEicCWIrvjtNBofTPODF");
		if (bit < 32)
			opcode_flags[number] |= 1u << bit;
	}
	return true;
}

static bool take_line(struct reader *reader)
{
	const char *word;
	unsigned length;
	bool good = true;
	if (next_word(&reader->at, reader->end, &word, &length)) {
		if (is_word(word, length, "site"))
			good = take_site(reader);
		else if (is_word(word, length, "own"))
			good = take_own(reader);
		else if (is_word(word, length, "op"))
			good = take_opcode(reader);
	}
	while (reader->at < reader->end && *reader->at != '\n')
		reader->at++;
	reader->at += reader->at < reader->end;
	return good;
}

static uint64_t file_size(const char *path)
{
	struct stat status = { 0 };
	return raw_syscall3(SYS_stat, (long)path, (long)&status, 0) == 0 ? (uint64_t)status.st_size
									 : 0;
}

/* Where the executable segment ends, from the object's beginning. */
static uint64_t code_size(const struct link_map *python)
{
	const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)python->l_addr;
	const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(python->l_addr + header->e_phoff);
	uint64_t end = 0;
	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_LOAD && (segment[i].p_flags & PF_X))
			end = segment[i].p_vaddr + segment[i].p_memsz;
	return end;
}

static bool read_table(struct reader *reader, uint64_t python_bytes)
{
	const char *word;
	unsigned length;
	uint64_t version, bytes;
	if (!next_word(&reader->at, reader->end, &word, &length) ||
	    !is_word(word, length, "ftstress-variables") || !take_number(reader, 10, &version) ||
	    version != 1 || !take_number(reader, 10, &bytes) || bytes != python_bytes)
		return false;
	while (reader->at < reader->end)
		if (!take_line(reader))
			return false;
	return reader->found >= SITES_LEAST;
}

bool sites_load(const char *path, const struct link_map *python, const char **why)
{
	uint64_t size = 0;
	const char *text = file_map(path, &size);
	if (!text) {
		*why = "the table of the interpreter's accesses (ftstress prepare makes it) can't be "
		       "read";
		return false;
	}
	sites_low = python->l_addr;
	sites_size = *python->l_name ? code_size(python) : 0;
	if (!sites_size || sites_size > CODE_MAX) {
		*why = "the interpreter is no shared library, so its calls can't be told apart";
		return false;
	}
	uint8_t *table = heap_zalloc(sites_size);
	own_code = heap_zalloc((sites_size >> 4) + 1);
	struct reader reader = { .at = text, .end = text + size, .sites = table };
	bool good = table && own_code && read_table(&reader, file_size(python->l_name));
	raw_syscall3(SYS_munmap, (long)text, (long)size, 0);
	if (!good) {
		*why = "the table of the interpreter's accesses is of another Python";
		return false;
	}
	sites = table;
	return true;
}
