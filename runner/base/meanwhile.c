/* meanwhile.c - see meanwhile.h. */
#include "runner/base/meanwhile.h"

#include <stdbool.h>
#include <stddef.h>

#include "runner/base/util.h"

static struct {
	meanwhile_look *look;
	void *context;
	double looked; /* now_seconds() */
	bool looking;
} now_and_then;

void meanwhile_set(meanwhile_look *look, void *context)
{
	now_and_then.look = look;
	now_and_then.context = context;
	now_and_then.looked = now_seconds();
}

void meanwhile(void)
{
	if (!now_and_then.look || now_and_then.looking ||
	    now_seconds() - now_and_then.looked < MEANWHILE_MS * 1e-3)
		return;
	now_and_then.looking = true;
	now_and_then.look(now_and_then.context);
	now_and_then.looking = false;
	now_and_then.looked = now_seconds();
}
