/* page_data.c - the page's template, built from reports/page and embedded as it is. */
#include "reports/page_data.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
const unsigned char page_data[] = {
#embed "page/page.html"
};
#pragma clang diagnostic pop

const size_t page_data_length = sizeof page_data;
