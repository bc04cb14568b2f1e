/*
 * drivers.h - the drivers that a suite may ask for. The runner knows none by name: the Python
 * package has a list (stress/ftstress_driver/drivers/list.txt).
 */
#ifndef RUNNER_DRIVERS_H
#define RUNNER_DRIVERS_H

#include <stdbool.h>
#include <stddef.h>

struct driver {
	char *name;
	bool files;    /* its targets are paths, and never the names of installed packages */
	bool internal; /* a suite file may not ask for it */
};

struct drivers {
	struct driver *items;
	size_t count, capacity;
};

/* Reads the list; `stress` is paths.stress. Returns 0, or EXIT_INTERNAL after a message. */
int drivers_load(struct drivers *drivers, const char *stress);
void drivers_clear(struct drivers *drivers);

/* The driver of that name that suite files may ask for, or NULL. */
const struct driver *driver_find(const struct drivers *drivers, const char *name);

#endif
