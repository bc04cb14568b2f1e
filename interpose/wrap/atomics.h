/*
 * atomics.h - wrappers of TSan's functions for atomic operations. Each passes the operation on to
 * TSan with the memory order that it means (order.h). These are hot: most calls take a handful of
 * instructions and end in a jump.
 *
 *     libpython, an extension                    here                        TSan's runtime
 *     call __tsan_atomic64_fetch_add(a, v, mo)   which order is meant? ───►  same(a, v, mo')
 *                                                (A jump leaves the caller's return address where
 *                                                it is, so TSan's reports show the caller.)
 *
 * A weaker order changes what TSan concludes, but not what the processor does. On x86-64 TSan
 * executes every read-modify-write with a locked instruction and every load with a plain one,
 * whatever order it is given (llvm: compiler-rt/lib/tsan/rtl/tsan_interface_atomic.cpp, OpFetchAdd,
 * OpCAS, OpLoad). Only a sequentially consistent store needs a locked instruction; no rule weakens
 * one for TSan without executing it in full.
 *
 * Another concern may observe an operation, too. The 8-bit compare-exchange calls the locks
 * concern: 0 -> 1 acquires a PyMutex, 1 -> 0 releases it, in the interpreter and in extensions.
 * Before the jump nobody knows whether the exchange will succeed; who has to know makes the wrapper
 * call TSan instead of jumping, and gets the result afterwards (locks_exchange() and
 * locks_exchanged()).
 */
#ifndef INTERPOSE_ATOMICS_H
#define INTERPOSE_ATOMICS_H

/* Look TSan's functions up. May be called again. */
void atomics_resolve(void);

#endif
