/*
 * once.c - C11's call_once(). The C library does the same there as in pthread_once(), on a flag of the
 * same kind, but not by that name, so TSan would not see that who comes later comes after who has called
 * the function. So it is TSan's pthread_once(). In both, a flag that is done is 2.
 */
#include "interpose/base/raw.h"
#include "interpose/base/symbol.h"

#include <pthread.h>
#include <threads.h>

_Static_assert(sizeof(once_flag) == sizeof(pthread_once_t), "one flag serves both");

EXPORT void call_once(once_flag *flag, void (*function)(void))
{
	static __typeof__(pthread_once) *real;
	if (UNLIKELY(!real))
		real = (__typeof__(pthread_once) *)symbol_need("pthread_once");
	real((pthread_once_t *)flag, function);
}
