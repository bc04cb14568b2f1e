/*
 * paths.h - where ftstress's own files are, and its cache.
 *
 *     in the tree   build/ftstress          build/libftstress.so           stress/
 *     installed     PREFIX/bin/ftstress     PREFIX/lib/ftstress/... PREFIX/lib/ftstress/stress/
 */
#ifndef RUNNER_PATHS_H
#define RUNNER_PATHS_H

struct paths {
	char *stress; /* folder of ftstress_driver, toolchain and suites */
	char *suites;
	char *library; /* libftstress.so */
	char *prepare; /* toolchain/prepare */
	char *cache;   /* FTSTRESS_CACHE, by default ~/.cache/ftstress */
};

/* Returns 0, or EXIT_INTERNAL after a message to the user. */
int paths_find(struct paths *paths);
void paths_clear(struct paths *paths);

/* Removes a file, or a folder with all below it; what can't be removed stays. */
void remove_tree(const char *path);
/* Makes a folder, and the folders above it if they are missing. Returns 0 or an errno value. */
int make_folders(const char *path);
/* The same for a folder of the cache. Returns 0, or EXIT_INTERNAL after a message to the user. */
int paths_cache_folder(const struct paths *paths, const char *name);

#endif
