/* hang.c - no progress for as long as --timeout allows. */
#include "runner/model/kinds.h"

const struct finding_kind_info kind_hang = {
	.name = "hang",
	.one = "hang",
	.many = "hangs",
	.meaning = "There was no progress for as long as --timeout allows. The stacks show where "
		   "each thread was when the process was stopped.",
	.text = "There was no progress for as long as --timeout allows, so the process was "
		"stopped, its stacks were recorded, and it was ended. Look for a thread that "
		"waits for something that no other thread will do.",
	.heading = "Hang: no progress",
	.fingerprint = fingerprint_waits,
	.threads = KIND_WAITS,
	.cell = CELL_DEADLOCK,
	.ends_process = true,
};
