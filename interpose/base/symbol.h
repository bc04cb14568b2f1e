/*
 * symbol.h - what this library's wrappers forward to: the next definition of a symbol after it.
 */
#ifndef INTERPOSE_SYMBOL_H
#define INTERPOSE_SYMBOL_H

/* The next definition of a symbol after this library, or NULL. */
void *symbol_next(const char *symbol);

/* The same, but a symbol that has to be there: the process ends with a message if it is not. */
void *symbol_need(const char *symbol);

#endif
