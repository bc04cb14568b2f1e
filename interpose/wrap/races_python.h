/*
 * races_python.h - reports of races on Python variables; see races_python.c. In on_report() only.
 */
#ifndef INTERPOSE_RACES_PYTHON_H
#define INTERPOSE_RACES_PYTHON_H

#include "interpose/base/raw.h"

#include <stdbool.h>

HIDDEN bool is_variable_race(void *report, int accesses);
HIDDEN void write_variable_race(void *report, int mutexes, int threads);

#endif
