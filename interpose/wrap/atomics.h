/*
 * atomics.h - the atomic operations of TSan's interface, each passed on with the order that it
 * means (order.h). Hot: most calls take a handful of instructions and end in a jump.
 *
 *     libpython, an extension                    here                        TSan's runtime
 *     call __tsan_atomic64_fetch_add(a, v, mo)   which order is meant? ───►  same(a, v, mo')
 *                                                (a jump: the caller's return address stays in
 *                                                place, so reports show the true place)
 *
 * What TSan is told changes, what the processor does not get weaker. On x86-64 TSan executes every
 * read-modify-write with a locked instruction and every load with a plain one, whatever order it is
 * given (llvm: compiler-rt/lib/tsan/rtl/tsan_interface_atomic.cpp, OpFetchAdd, OpCAS, OpLoad). A
 * sequentially consistent store is the exception, it needs the locked instruction: a store that is
 * told weaker than it was written is passed on as an exchange, whose result nobody looks at.
 *
 * Another concern that wants to see an operation (the lock-order graph sees PyMutex in the 8-bit
 * compare-exchange, 0 -> 1 taken and 1 -> 0 given back, and an extension's too, before its place is
 * asked for) adds its observer where atomics.c says "observer": before the jump, with address, both
 * values and the caller's pc. It does not know yet whether the exchange succeeds: it may look at
 * the word, or call TSan's function between __tsan_func_entry(caller's pc) and __tsan_func_exit().
 */
#ifndef INTERPOSE_ATOMICS_H
#define INTERPOSE_ATOMICS_H

/* Look TSan's functions up. Idempotent. */
void atomics_resolve(void);

#endif
