"""It drops what it takes; and what is immortal has no count."""

import planted

shared = vars(planted).setdefault("taken_ok", [1, 2, 3])


def stress(thread_index):
    planted.taken_ok(shared)
    planted.taken_bug(None)
    planted.taken_bug("planted")
