/* shelf.h - code in a header of the package's own, as many extensions have it. */
#ifndef PLANTED_SHELF_H
#define PLANTED_SHELF_H

#include "planted.h"

struct shelf {
	long places[4];
	long used; /* how often */
	PyMutex lock;
};

static STEP void shelf_put(struct shelf *shelf, long what)
{
	shelf->places[what & 3] = what;
}

static STEP void shelf_tally(struct shelf *shelf)
{
	shelf->used++;
}

#endif
