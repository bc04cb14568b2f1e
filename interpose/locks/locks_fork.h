/*
 * locks_fork.h - locks that another thread held when the process forked.
 *
 *     parent    thread 1: takes L ........................ gives L back
 *               thread 2:          fork()
 *     child     thread 2:          └─► wants L: nobody is left who could give it back
 *
 * In the child there is the thread alone that called fork(). So what the others' lists held at that
 * moment is kept, with where it was taken, and a wait for one of these that is still taken is told, with
 * both places and that of the fork. Such a child would stay for ever, and its parent with it, so it is
 * ended.
 *
 * Told is what nobody can give back: a lock of the C library; that of a module which another thread was
 * importing; one of Python's that any thread may release, while the child has one thread. Not told is a wait that tries or has a time limit.
 */
#ifndef INTERPOSE_LOCKS_FORK_H
#define INTERPOSE_LOCKS_FORK_H

#include "interpose/locks/locks.h"

extern HIDDEN bool locks_inherited; /* there are such locks */

/* In the child, before the lists are cleared. `own`: that of the thread that forked. */
HIDDEN void locks_inherit(const struct fts_lock_thread *own);

/* The thread is about to wait for the lock. Does not return if it would wait for ever. */
HIDDEN void locks_wait_inherited(const struct thread *thread, const struct lock *lock,
				 const void *hook);

#endif
