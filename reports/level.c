/* level.c - see level.h. */
#include "reports/level.h"

static enum finding_level level_of_race(enum finding_rank rank)
{
	switch (rank) {
	case RANK_ATOMIC:
		return LEVEL_WARNING;
	case RANK_DATA:
	case RANK_INIT:
	case RANK_UNPUBLISHED:
		return LEVEL_NOTE;
	case RANK_NONE:
	case RANK_FREED:
	case RANK_STRUCTURE:
	case RANK_FIELD:
	case RANKS:
		break;
	}
	return LEVEL_ERROR;
}

enum finding_level level_of(const struct finding *finding)
{
	if (finding->status != STATUS_NEW && finding->status != STATUS_KNOWN)
		return LEVEL_NOTE;
	if (finding->shows == EVIDENCE_EQUAL)
		return LEVEL_NOTE;
	if (finding->shows != EVIDENCE_NONE)
		return LEVEL_ERROR;
	if (finding->kind == FINDING_DATA_RACE)
		return level_of_race(finding->rank);
	return kind_info(finding->kind)->level;
}

enum finding_level level_of_entry(const struct report_entry *entry)
{
	enum finding_level level = LEVEL_NOTE;
	for (size_t i = 0; i < entry->count; i++) {
		enum finding_level one = level_of(entry->members[i]);
		level = one < level ? one : level;
	}
	return level;
}

const char *level_name(enum finding_level level)
{
	static const char *const names[] = { [LEVEL_ERROR] = "error",
					     [LEVEL_WARNING] = "warning",
					     [LEVEL_NOTE] = "note" };
	return names[level];
}
