/*
 * symbol.h - finds the function behind a wrapper: the next definition of the same symbol after this
 * library; and a library's thread-local variables.
 */
#ifndef INTERPOSE_SYMBOL_H
#define INTERPOSE_SYMBOL_H

#include <stdint.h>

/* NULL if there is none. */
void *symbol_next(const char *symbol);

/* The same for a symbol that has to be there. If it is not, the process ends with a message. */
void *symbol_need(const char *symbol);

/* The calling thread's thread-local variables of one library; size 0 if there are none. */
struct symbol_variables {
	char *low;
	uint64_t size;
};

/* Of the library that has the code. */
void symbol_variables(const void *code, struct symbol_variables *variables);

#endif
