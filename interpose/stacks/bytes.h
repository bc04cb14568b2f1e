/*
 * bytes.h - races in code that goes over memory byte by byte.
 *
 * TSan remembers four accesses for each eight bytes. One more takes the place that the number of
 * the thread's events says, modulo four (llvm: compiler-rt/lib/tsan/rtl/tsan_rtl_access.cpp,
 * CheckRaces). A loop that writes one byte after another makes the same number of events for each,
 * so it goes round the four places in step with itself: of eight bytes TSan then remembers bytes 4
 * to 7, and a second thread that comes along the same way has taken all four places again when it
 * reaches byte 4. Such a race is never seen, however large the buffer is; or, depending on what the
 * threads did before, in every run (docs/happens-before.md has the figures).
 *
 * So the step is broken: every few writes of single bytes the thread makes one more event, a write
 * to a byte of its own. Wider accesses have a place each.
 */
#ifndef INTERPOSE_BYTES_H
#define INTERPOSE_BYTES_H

/* Look TSan's functions up. Idempotent. */
void bytes_resolve(void);

/* Takes the place of TSan's __tsan_write1, and has to be reached by a jump as well. */
void bytes_write(void *byte);

#endif
