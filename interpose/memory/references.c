/* references.c - see references.h. */
#include "interpose/memory/references.h"

#include "interpose/memory/counts.h"
#include "interpose/memory/held.h"
#include "interpose/memory/made.h"

#include <stddef.h>
#include <sys/mman.h>

struct candidate {
	uint64_t object;
	int64_t first, last; /* its count after round 0, after the last one */
	int64_t loose;       /* as many of these nothing holds, after round 0 */
};
/* In threads, and alone: sorted by address, as made_each() goes. */
static struct candidates {
	struct candidate *list;
	uint64_t count, room;
	uint64_t at, kept; /* during a round: the next to be compared, and how many are higher */
	bool holding;      /* held_of() knew */
} all[2];

static void count_one(uint32_t site, uint64_t start, void *count)
{
	(void)site, (void)start;
	++*(uint64_t *)count;
}

static void note_one(uint32_t site, uint64_t start, void *context)
{
	struct candidates *in = context;
	int64_t now = counts_references(start);
	(void)site;
	if (in->count < in->room)
		in->list[in->count++] = (struct candidate){ start, now, now, now - held_of(start) };
}

static void compare_one(uint32_t site, uint64_t start, void *context)
{
	struct candidates *in = context;
	(void)site;
	while (in->at < in->count && in->list[in->at].object < start)
		in->at++;
	if (in->at == in->count || in->list[in->at].object != start)
		return;
	struct candidate one = in->list[in->at++];
	int64_t now = counts_references(start);
	bool more = now > one.last && one.last >= one.first && now != INT64_MAX;
	bool fewer = now < one.last && one.last <= one.first;
	if (!more && !fewer)
		return;
	one.last = now;
	in->list[in->kept++] = one;
}

static void begin(struct candidates *in)
{
	uint64_t living = 0;
	if (in->list)
		raw_syscall3(SYS_munmap, (long)in->list, (long)(in->room * sizeof *in->list), 0);
	*in = (struct candidates){ .holding = in->holding };
	made_each(count_one, &living);
	if (!living)
		return;
	long at =
		raw_syscall6(SYS_mmap, 0, (long)(living * sizeof *in->list), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at < 0 && at > -4096)
		return;
	in->list = (struct candidate *)at;
	in->room = living;
	made_each(note_one, in);
}

void references_round(uint32_t alone, uint32_t number)
{
	struct candidates *in = &all[alone];
	if (!counts_on)
		return;
	if (!number) {
		in->holding = held_begin();
		begin(in);
		held_end();
		return;
	}
	in->at = in->kept = 0;
	made_each(compare_one, in);
	in->count = in->kept;
}

static bool any_falls(const struct candidates *in)
{
	for (uint64_t i = 0; i < in->count; i++)
		if (in->list[i].last < in->list[i].first)
			return true;
	return false;
}

void references_settle(void)
{
	bool falls = any_falls(&all[0]) || any_falls(&all[1]);
	bool holding = falls && held_begin();
	for (unsigned i = 0; falls && i < 2; i++) {
		struct candidates *in = &all[i];
		uint64_t kept = 0;
		for (uint64_t k = 0; k < in->count; k++) {
			struct candidate one = in->list[k];
			int64_t loose = counts_references(one.object) - held_of(one.object);
			if (one.last > one.first || (holding && in->holding && loose < one.loose))
				in->list[kept++] = one;
		}
		in->count = kept;
	}
	held_end();
}

/* The first one behind the address, or NULL. */
static const struct candidate *first_behind(const struct candidates *in, uint64_t after)
{
	for (uint64_t i = 0; i < in->count; i++)
		if (in->list[i].object > after)
			return &in->list[i];
	return NULL;
}

bool references_next(uint64_t after, struct references *found)
{
	const struct candidate *next[2];
	*found = (struct references){ 0 };
	for (unsigned i = 0; i < 2; i++) {
		next[i] = first_behind(&all[i], after);
		if (next[i] && (!found->object || next[i]->object < found->object))
			found->object = next[i]->object;
	}
	for (unsigned i = 0; i < 2; i++)
		if (next[i] && next[i]->object == found->object)
			found->grew[i] = next[i]->last - next[i]->first;
	return found->object != 0;
}
