/*
 * values.h - members of a JSON object, for what the store keeps as one. What is not there is 0, NULL or
 * false, and is left out.
 */
#ifndef RUNNER_VALUES_H
#define RUNNER_VALUES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text of a program under test need not be UTF-8: bad bytes become U+FFFD. */
void value_put_text(json_t *object, const char *key, const char *text);
/* An address fits, since user space ends below 2^63. */
void value_put_number(json_t *object, const char *key, uint64_t value);
void value_put_flag(json_t *object, const char *key, bool value);
void value_put_texts(json_t *object, const char *key, char *const *texts, size_t count);

/* What comes back is the caller's. */
char *value_get_text(json_t *object, const char *key);
char **value_get_texts(json_t *object, const char *key, size_t *count);
uint64_t value_get_number(json_t *object, const char *key);
bool value_get_flag(json_t *object, const char *key);

/* The object's text, the caller's; the object is released. */
char *value_dump(json_t *object);

#endif
