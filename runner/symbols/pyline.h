/*
 * pyline.h - the source line of a bytecode instruction.
 *
 * It stands in co_linetable of CPython 3.11 and later (InternalDocs/code_objects.md,
 * Objects/locations.md): a list of entries, each for 1 to 8 code units (of two bytes):
 *
 *     7  6 5 4 3  2 1 0
 *     1 | code   | units-1       then bytes with bit 7 clear:
 *                                 code 0-9    the same line, one byte of columns
 *                                 code 10-12  line += code-10, two bytes of columns
 *                                 code 13     line += svarint
 *                                 code 14     line += svarint, three varints more
 *                                 code 15     no line
 *     varint: six bits a byte, the least significant first; bit 6 = another byte follows
 *     svarint: the same; bit 0 of the number = it is negative
 */
#ifndef RUNNER_PYLINE_H
#define RUNNER_PYLINE_H

#include <stddef.h>
#include <stdint.h>

/*
 * table, length  co_linetable
 * first_line     co_firstlineno
 * instruction    byte offset of the instruction / 2
 * Returns the line, 1.., or 0 when the instruction has none or the table ends before it.
 */
int pyline(const uint8_t *table, size_t length, int first_line, uint32_t instruction);

#endif
