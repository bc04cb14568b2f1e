/* livelock.c - threads that compute for ever. */
#include "runner/model/kinds.h"

#include <stdlib.h>

/* The functions in which the threads go round; those that wait for them are no part of it. */
static char *of_loops(const struct finding *finding, const struct roots *roots)
{
	struct participant *going = xcalloc(finding->participant_count, sizeof *going);
	size_t count = 0;
	for (size_t i = 0; i < finding->participant_count; i++)
		if (finding->participants[i].computes)
			going[count++] = finding->participants[i];
	char *id = count ? fingerprint_hang(finding->kind, going, count, roots)
			 : fingerprint_waits(finding, roots);
	free(going);
	return id;
}

const struct finding_kind_info kind_livelock = {
	.name = "livelock",
	.one = "livelock",
	.many = "livelocks",
	.meaning =
		"Threads computed for many times what the test takes when they run one after the "
		"other, and got nowhere: they went round in a circle, or stood in one call.",
	.text = "The threads compute and get nowhere. Usual causes: a loop that waits for a variable "
		"that no thread will set any more; threads that undo each other's work and try again; a "
		"chain or a table that a race has damaged, so that a walk through it never ends.",
	.heading = "Livelock",
	.fingerprint = of_loops,
	.threads = KIND_WAITS,
	.cell = CELL_DEADLOCK,
	.ends_process = true,
};
