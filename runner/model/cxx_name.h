/*
 * cxx_name.h - names of C++ and Rust functions as people say them.
 *
 *     void pool::Map<int, std::vector<char>>::put<long>(long, char const*) const    pool::Map::put
 *     (anonymous namespace)::f(int)::'lambda'(int)::operator()(int) const
 *                                       (anonymous namespace)::f::'lambda'::operator()
 *     <alloc::vec::Vec<u8> as core::ops::Drop>::drop    <alloc::vec::Vec as core::ops::Drop>::drop
 *
 * For people alone: fingerprints and suppressions have the whole name.
 */
#ifndef RUNNER_CXX_NAME_H
#define RUNNER_CXX_NAME_H

#include "ftstress/finding.h"

/*
 * A demangled name without the arguments of templates and functions, the type that is returned, and
 * what compilers add. To be freed. A name that can't be taken apart is returned whole.
 */
char *cxx_short_name(const char *name);

/* The name of a frame's function for people. To be freed. */
char *frame_name(const struct frame *frame);

#endif
