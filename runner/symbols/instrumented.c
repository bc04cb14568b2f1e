/* instrumented.c - see instrumented.h. */
#include "runner/symbols/instrumented.h"

#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct image {
	const uint8_t *bytes;
	size_t size;
};

/* The part of the file, or NULL if it has none there. */
static const void *part(const struct image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset ? image->bytes + offset : NULL;
}

/* The names of the symbols that are imported and exported; false: it has no such table. */
static bool find_names(const struct image *image, const char **names, size_t *length)
{
	const Elf64_Ehdr *head = part(image, 0, sizeof *head);
	if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
	    head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_shentsize != sizeof(Elf64_Shdr))
		return false;
	const Elf64_Shdr *sections =
		part(image, head->e_shoff, (uint64_t)head->e_shnum * sizeof *sections);
	for (unsigned i = 0; sections && i < head->e_shnum; i++) {
		if (sections[i].sh_type != SHT_DYNSYM || sections[i].sh_link >= head->e_shnum)
			continue;
		const Elf64_Shdr *table = &sections[sections[i].sh_link];
		*names = part(image, table->sh_offset, table->sh_size);
		*length = table->sh_size;
		return *names;
	}
	return false;
}

bool instrumented_file(const char *path)
{
	static const char runtime[] = "__tsan_";
	struct stat status;
	const char *names;
	size_t length;
	bool found = true;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_size > 0) {
		size_t size = (size_t)status.st_size;
		void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
		struct image image = { bytes, size };
		if (bytes != MAP_FAILED && find_names(&image, &names, &length))
			found = memmem(names, length, runtime, sizeof runtime - 1);
		if (bytes != MAP_FAILED)
			munmap(bytes, size);
	}
	close(fd);
	return found;
}
