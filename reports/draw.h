/* draw.h - graphs as pictures, by Graphviz. */
#ifndef REPORTS_DRAW_H
#define REPORTS_DRAW_H

#include "ftstress/finding.h"

/* SVG of Graphviz source, to be freed; NULL if `dot` is missing, fails or takes too long. */
char *draw_graph(const char *source);

struct drawn; /* findings with pictures instead of sources */

/* Draws what there is to draw in `input`; drawn_input() is the same input with the pictures. */
struct drawn *drawn_new(const struct report_input *input);
const struct report_input *drawn_input(const struct drawn *drawn);
void drawn_free(struct drawn *drawn);

#endif
