/* rates.c - see rates.h. */
#include "runner/run/rates.h"

#include <stdbool.h>
#include <stdlib.h>

#include "runner/base/util.h"
#include "runner/model/rate.h"
#include "runner/run/history.h"

enum { RATES_MAX = 1000 }; /* each is a question to the store: some seconds for all of them */

struct finding_rate *rates_of(struct store *store, int64_t run,
			      const struct finding *const *findings, size_t count)
{
	bool counted = false;
	if (store_counts_turns(store, run, &counted) || !counted)
		return NULL;
	struct finding_rate *rates = xcalloc(count + 1, sizeof *rates);
	size_t asked = 0;
	for (size_t i = 0; i < count && asked < RATES_MAX; i++) {
		struct history history;
		if (findings[i]->status != STATUS_NEW && findings[i]->status != STATUS_KNOWN)
			continue;
		asked++;
		if (history_get(store, findings[i]->id, &history))
			break;
		rates[i].seen = history.seen;
		rates[i].turns = history.before;
		rates[i].back = history.back == run;
		struct rate_interval rate = rate_of(history.seen, history.before);
		rates[i].low = rate.low;
		rates[i].high = rate.high;
	}
	return rates;
}
