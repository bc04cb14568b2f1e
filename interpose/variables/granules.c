/* granules.c - see granules.h. */
#include "interpose/variables/granules.h"

#include "interpose/variables/variables.h"

#include <stddef.h>
#include <sys/mman.h>

HIDDEN struct granule *granules;
HIDDEN char *stand_ins, *key_stand_ins;
HIDDEN __thread uint16_t granules_self __attribute__((tls_model("initial-exec")));
static uint16_t last_number;

void granules_renumber(void)
{
	uint16_t number;
	do
		number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
	while (number == 0);
	granules_self = number;
}

void granules_renewed(const void *memory, uint64_t bytes)
{
	if (!variables_used)
		return;
	uint16_t owner = variables_testing ? granules_self : 0;
	struct granule *granule = granule_of((uintptr_t)memory);
	struct granule *end = granule_of((uintptr_t)memory + bytes + 15);
	for (; granule < end; granule++) {
		struct granule was = *granule;
		*granule = (struct granule){
			.owner = owner,
			.generation = (uint8_t)(was.generation + (was.flags & GRANULE_TOLD)),
		};
	}
}

/* Address space alone: what is not touched has no memory. */
static void *reserve(uint64_t bytes)
{
	long at = raw_syscall6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return at < 0 && at > -4096 ? NULL : (void *)at;
}

bool granules_start(void)
{
	granules = reserve((GRANULE_SPACE >> 4) * sizeof *granules);
	stand_ins = reserve(GRANULE_SPACE);
	key_stand_ins = reserve(GRANULE_SPACE);
	return granules && stand_ins && key_stand_ins;
}
