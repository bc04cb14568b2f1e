/* gil_enabled.c - an import that switched the GIL back on. */
#include "runner/model/kinds.h"

const struct finding_kind_info kind_gil_enabled = {
	.name = "gil-enabled",
	.one = "import that enables the GIL",
	.many = "imports that enable the GIL",
	.meaning = "Importing this extension switched the GIL back on: it does not "
		   "declare that it can run without the GIL.",
	.text = "Importing this module switched the GIL back on for the whole process. From then "
		"on no two threads ran Python at once, and races could not show. The module does "
		"not declare Py_mod_gil = Py_MOD_GIL_NOT_USED. There are two ways to test on: "
		"--gil off keeps the GIL off, as PYTHON_GIL=0 does, and shows what the module does "
		"without it; with --gil mixed the tests that import it run apart, with the GIL, "
		"and all others without.",
	.advice =
		"--gil off tests on without the GIL; --gil mixed runs the tests that import it apart",
	.heading = "gil-enabled",
	.level = LEVEL_WARNING,
};
