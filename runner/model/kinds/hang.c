/* hang.c - no progress for as long as --timeout allows. */
#include "runner/model/kinds.h"

const struct finding_kind_info kind_hang = {
	.name = "hang",
	.one = "hang",
	.many = "hangs",
	.meaning = "Nothing moved for the whole time limit. Shown is where every "
		   "thread stood when it was stopped.",
	.text = "Nothing moved for the time allowed, so the process was stopped and its stacks "
		"were taken. Look for a thread that waits for something that no running thread "
		"will do.",
	.heading = "Hang: no progress",
	.fingerprint = fingerprint_waits,
	.threads = KIND_WAITS,
	.cell = CELL_DEADLOCK,
	.ends_process = true,
};
