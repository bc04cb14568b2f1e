/* values.c - see values.h. */
#include "runner/store/values.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

/* A JSON string. Text of a program under test need not be UTF-8: bad bytes become U+FFFD. */
static json_t *value_of_text(const char *text)
{
	json_t *value = json_string(text);
	if (value)
		return value;
	char *clean = utf8_text(text, strlen(text));
	value = json_string(clean);
	free(clean);
	return value;
}

void value_put_text(json_t *object, const char *key, const char *text)
{
	if (text)
		json_object_set_new(object, key, value_of_text(text));
}

/* 0 is left out. An address fits, since user space ends below 2^63. */
void value_put_number(json_t *object, const char *key, uint64_t value)
{
	if (value)
		json_object_set_new(object, key, json_integer((json_int_t)value));
}

void value_put_flag(json_t *object, const char *key, bool value)
{
	if (value)
		json_object_set_new(object, key, json_true());
}

char *value_get_text(json_t *object, const char *key)
{
	return xstrdup(json_string_value(json_object_get(object, key)));
}

uint64_t value_get_number(json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

bool value_get_flag(json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

void value_put_texts(json_t *object, const char *key, char *const *texts, size_t count)
{
	json_t *array = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, value_of_text(texts[i] ? texts[i] : ""));
	json_object_set_new(object, key, array);
}

char **value_get_texts(json_t *object, const char *key, size_t *count)
{
	json_t *array = json_object_get(object, key);
	*count = json_array_size(array);
	char **texts = xcalloc(*count, sizeof *texts);
	for (size_t i = 0; i < *count; i++) {
		const char *text = json_string_value(json_array_get(array, i));
		texts[i] = xstrdup(text ? text : "");
	}
	return texts;
}

char *value_dump(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);
	char *copy = xstrdup(text ? text : "{}");
	free(text);
	json_decref(object);
	return copy;
}
