/* culprits.c - see culprits.h. */
#include "reports/culprits.h"

#include <stdlib.h>
#include <string.h>

#include "runner/base/util.h"

/* Is the operation one of the pair's two? */
static bool is_of_pair(const char *operation, const char *pair)
{
	size_t length = strlen(operation), first = strcspn(pair, "|");
	return (first == length && !strncmp(pair, operation, length)) ||
	       !strcmp(pair + first + (pair[first] == '|'), operation);
}

/* Of three operations or more the one without which there is no race. */
static bool find_one_culprit(const struct report_entry *entry, struct culprits *found)
{
	for (size_t i = 0; i < entry->operation_count && !found->count; i++) {
		size_t in = 0;
		for (size_t k = 0; k < entry->pair_count; k++)
			in += is_of_pair(entry->operations[i], entry->pairs[k]);
		if (in == entry->pair_count)
			found->at[found->count++] = i;
	}
	return found->count > 0;
}

/* The operation's side in the pairs that were looked at so far: 1 or 2; 0: in none. */
static bool take_sides(const struct report_entry *entry, char *sides, const char *pair, bool *more)
{
	size_t both[2] = { 0, 0 }, count = 0;
	for (size_t i = 0; i < entry->operation_count && count < 2; i++)
		if (is_of_pair(entry->operations[i], pair))
			both[count++] = i;
	char *one = &sides[both[0]], *two = &sides[both[1]];
	if (count < 2 || (*one && *one == *two))
		return false;
	*more = *more || !*one != !*two;
	if (*one && !*two)
		*two = (char)(3 - *one);
	else if (*two && !*one)
		*one = (char)(3 - *two);
	return true;
}

/* Two sides such that each race is of one operation of each; false: there are none. */
static bool find_sides(const struct report_entry *entry, char *sides)
{
	bool more = true;
	sides[0] = 1;
	while (more) {
		more = false;
		for (size_t k = 0; k < entry->pair_count; k++)
			if (!take_sides(entry, sides, entry->pairs[k], &more))
				return false;
	}
	return true;
}

/* Is it a function that takes the object, "encode(.)", "encode(.)#2"? */
static bool is_function(const char *operation)
{
	return strstr(operation, "(.)") != NULL;
}

/* The side that is to blame, or 0. */
static char side_to_blame(const struct report_entry *entry, const char *sides)
{
	size_t counts[3] = { 0 }, functions[3] = { 0 };
	for (size_t i = 0; i < entry->operation_count; i++) {
		counts[(size_t)sides[i]]++;
		functions[(size_t)sides[i]] += is_function(entry->operations[i]);
	}
	for (char side = 1; side <= 2 && !counts[0]; side++) {
		size_t own = counts[(size_t)side], others = counts[3 - side];
		bool takers = functions[(size_t)side] == own && !functions[3 - side];
		if (own <= CULPRITS_MOST && (takers || own * 2 <= others))
			return side;
	}
	return 0;
}

bool culprits_find(const struct report_entry *entry, struct culprits *found)
{
	*found = (struct culprits){ .count = 0 };
	if (entry->types > 1 || entry->operation_count < 3 || find_one_culprit(entry, found))
		return found->count > 0;
	char *sides = xcalloc(entry->operation_count + 1, 1);
	char side = find_sides(entry, sides) ? side_to_blame(entry, sides) : 0;
	for (size_t i = 0; side && i < entry->operation_count; i++)
		if (sides[i] == side)
			found->at[found->count++] = i;
	free(sides);
	return found->count > 0;
}

/* Does the side make the operation's call? "encode(.)" is made by encode(), encode2(), ... */
static bool makes_call(const struct participant *side, const char *operation)
{
	size_t length = strcspn(operation, "(.#");
	for (size_t i = 0; i < side->stack.count; i++) {
		const struct frame *frame = &side->stack.frames[i];
		const char *name = frame->function ? frame->function : "";
		if (frame->language == FRAME_PYTHON && !strncmp(name, operation, length) &&
		    !name[length + strspn(name + length, "_0123456789")])
			return true;
	}
	return false;
}

bool culprits_are_bare(const struct report_entry *entry, const struct culprits *culprits)
{
	for (size_t i = 0; i < entry->count; i++) {
		const struct finding *member = entry->members[i];
		for (size_t k = 0; k < member->participant_count; k++) {
			const struct participant *side = &member->participants[k];
			bool makes = false;
			for (size_t n = 0; n < culprits->count; n++)
				makes = makes ||
					makes_call(side, entry->operations[culprits->at[n]]);
			if (makes != !side->lock_count)
				return false;
		}
	}
	return true;
}
