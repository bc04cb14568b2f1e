/*
 * symbolize.h - finds function, file and line of a position in code.
 *
 *   native   module and ELF address ──► one llvm-symbolizer, asked in batches over a socket
 *   Python   code object and instruction ──► co_linetable (pyline.h)
 *
 * A position is a number of 64 bits that means the same in all processes and iterations of a run.
 * So stacks of different processes can be compared before anything is symbolized, and what was
 * symbolized is kept:
 *
 *    63  62             48 47                     0
 *    0 | module number    | ELF address              module 0: in no known module
 *    1 | code number << 16 | instruction
 *
 * Not thread-safe.
 */
#ifndef RUNNER_SYMBOLIZE_H
#define RUNNER_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ftstress/finding.h"

struct symbolizer;

typedef uint64_t position;

#define POSITION_UNKNOWN ((position)0)
#define POSITION_PYTHON (1ull << 63)

struct symbolizer_options {
	const char *path;               /* of llvm-symbolizer; NULL = llvm-symbolizer-22, then
					 * llvm-symbolizer of PATH. Started at the first need */
	const char *const *source_dirs; /* where sources lie that are not where the symbols say */
	size_t source_dir_count;
	void (*note)(void *context, const char *text); /* adds a note of the run; not NULL */
	void *note_context;
};

/* Never NULL. */
struct symbolizer *symbolizer_open(const struct symbolizer_options *options);
void symbolizer_close(struct symbolizer *symbolizer);

/* The number of a module; the same for the same path and build id. */
uint32_t symbolizer_module(struct symbolizer *symbolizer, const char *path, size_t path_length,
			   const uint8_t *build_id, size_t build_id_length);

struct code_text {
	const char *qualname, *file;
	const uint8_t *table; /* co_linetable */
	size_t qualname_length, file_length, table_length;
	int first_line;
};
/* The number of a code object; the same for the same text. */
uint32_t symbolizer_code(struct symbolizer *symbolizer, const struct code_text *text);

/* `address`: the ELF address, that is program counter - bias; of a return address, one less. */
position position_native(uint32_t module, uint64_t address);
position position_python(uint32_t code, uint32_t instruction);

/* Symbolizes all of these positions. Those that are known already cost nothing. */
void symbolizer_resolve(struct symbolizer *symbolizer, const position *positions, size_t count);

/*
 * The frames of a position, at least one; inlined functions come first. Valid until the symbolizer
 * is closed. Symbolizes it if need be.
 */
const struct stack *symbolizer_frames(struct symbolizer *symbolizer, position where);

/*
 * The name of the global variable at a native position, and the position's offset in it. To be
 * freed; NULL = none is known. For memory without a symbol, it can be the variable before it.
 */
char *symbolizer_variable(struct symbolizer *symbolizer, position where, uint64_t *offset);
/*
 * The name of the field that code at a native position touched in a Python object, that many bytes
 * from the object's head (members.h). To be freed; NULL = none is known.
 */
char *symbolizer_member(struct symbolizer *symbolizer, position where, uint64_t offset);
/* The same of an object of that structure ("PyListObject"), if the module of `where` has it. */
char *symbolizer_member_of(struct symbolizer *symbolizer, position where, const char *structure,
			   uint64_t offset);
/*
 * The name of the global variable that has the position inside of its size, or NULL. Valid until
 * the symbolizer is closed.
 */
const char *symbolizer_global(struct symbolizer *symbolizer, position where);

/* The base name of the shared object of a native position. Valid until the symbolizer is closed. */
const char *symbolizer_module_name(const struct symbolizer *symbolizer, position where);

/* Was that object compiled with ThreadSanitizer, as far as is known? */
bool symbolizer_is_instrumented(struct symbolizer *symbolizer, position where);

/* Adds copies of the frames to the end of a stack. */
void stack_append(struct stack *stack, const struct frame *frames, size_t count);

#endif
