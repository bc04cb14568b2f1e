/*
 * symbol.h - finds the function behind a wrapper: the next definition of the same symbol after this
 * library.
 */
#ifndef INTERPOSE_SYMBOL_H
#define INTERPOSE_SYMBOL_H

/* NULL if there is none. */
void *symbol_next(const char *symbol);

/* The same for a symbol that has to be there. If it is not, the process ends with a message. */
void *symbol_need(const char *symbol);

#endif
