/*
 * drivers.h - the kinds of suite that the driver package can run, as its own list has them
 * (stress/ftstress_driver/drivers/list.txt): the runner knows none by name.
 */
#ifndef RUNNER_DRIVERS_H
#define RUNNER_DRIVERS_H

#include <stdbool.h>
#include <stddef.h>

struct driver {
	char *name;
	bool files;    /* its targets are paths, never what is installed */
	bool internal; /* not for suite files */
};

struct drivers {
	struct driver *items;
	size_t count, capacity;
};

/* Reads the list; `stress` is paths.stress. Returns 0 or EXIT_INTERNAL, having told the user. */
int drivers_load(struct drivers *drivers, const char *stress);
void drivers_clear(struct drivers *drivers);

/* The driver of that name that suite files may ask for, or NULL. */
const struct driver *driver_find(const struct drivers *drivers, const char *name);

#endif
