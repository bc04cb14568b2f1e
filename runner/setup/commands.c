/* commands.c - see options.h. The words for the commands, and --help. */
#include "runner/setup/options.h"

#include <string.h>

#include "runner/setup/option_table.h"

const struct command_word command_words[] = {
	{ "run", "X.py", "look for races in a script, without a suite file", COMMAND_RUN },
	{ "try", "PACKAGE", "the same for a package, by its name or ./FOLDER", COMMAND_TRY },
	{ "prepare", "SUITE", "build Python and the packages of a suite", COMMAND_PREPARE },
	{ "doctor", "", "tell what this machine can and can't do", COMMAND_DOCTOR },
	{ "cache", "list|pack..", "what is built; archives of it for other machines",
	  COMMAND_CACHE },
	{ "suites", "", "list the suites", COMMAND_SUITES },
	{ "report", "SUITE", "write the last run's report again", COMMAND_REPORT },
	{ "baseline", "update SUITE", "put what the last run found into the suite's baseline",
	  COMMAND_BASELINE },
	{ "list", "[SUITE]", "the runs of a suite (compare RUN RUN: what differs)", COMMAND_LIST },
	{ "show", "ID", "a finding (history ID: in which runs; is it fixed?)", COMMAND_SHOW },
	{ "history", "ID", NULL, COMMAND_HISTORY },
	{ "compare", "RUN RUN", NULL, COMMAND_COMPARE },
	{ "repro", "ID", "does it come again? (verify-fix ID: is it gone?)", COMMAND_REPRO },
	{ "verify-fix", "ID", NULL, COMMAND_VERIFY },
	{ "minimise", "ID", "the smallest command, and a script, that show it", COMMAND_MINIMISE },
	{ "bisect", "ID", "the first version that shows it (--package NAME==A..B)",
	  COMMAND_BISECT },
	{ "explain", "ID", "run a wrong count again, and tell what led to it", COMMAND_EXPLAIN },
};
const size_t command_word_count = sizeof command_words / sizeof *command_words;

void options_help(FILE *out, const struct option_word *formats)
{
	fputs("ftstress finds races in Python packages on free-threaded CPython.\n\n"
	      "  ftstress --suite numpy_tests --iterations 500\n"
	      "\n",
	      out);
	for (size_t i = 0; i < command_word_count; i++)
		if (command_words[i].help)
			fprintf(out, "  ftstress %-10s %-12s  %s\n", command_words[i].name,
				command_words[i].argument, command_words[i].help);
	fputc('\n', out);
	for (size_t i = 0; i < option_count; i++) {
		char left[32];
		if (!option_table[i].help)
			continue;
		snprintf(left, sizeof left, "--%s%s%s", option_table[i].name,
			 option_table[i].argument ? " " : "",
			 option_table[i].argument ? option_table[i].argument : "");
		fprintf(out, "  %-24s %s\n", left, option_table[i].help);
		for (size_t f = 0; !strcmp(option_table[i].name, "format") && formats[f].name; f++)
			fprintf(out, "  %-24s   %-6s %s\n", "", formats[f].name, formats[f].help);
	}
	fputs("\nExit code: 0 nothing new, 1 new findings, 2 interrupted, 3 internal error,\n"
	      "4 bad option or suite, 5 nothing ran or passed. More: man ftstress\n",
	      out);
}
