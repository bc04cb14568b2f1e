/* page_data.h - the template of the HTML report, inside the binary. Not NUL-terminated. */
#ifndef REPORTS_PAGE_DATA_H
#define REPORTS_PAGE_DATA_H

#include <stddef.h>

extern const unsigned char page_data[];
extern const size_t page_data_length;

#endif
