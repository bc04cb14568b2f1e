"""Objects of a type are made in one thread, and freed in another."""

import planted

Names = type(planted.make_names())
kept = vars(planted).setdefault("taken_names", [])


def stress(thread_index):
    planted.taken_ok(Names)
    kept.append(planted.make_names())
    if len(kept) > 2:
        kept.pop(0)
