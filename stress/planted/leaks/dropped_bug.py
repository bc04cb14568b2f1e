"""A function drops a reference that it has not taken, to an object to which C code has many."""

import planted

shared = vars(planted).setdefault("dropped", [1, 2, 3])  # the same one in each round
if "had" not in vars(planted):
    planted.had = 1000
    for _ in range(planted.had):
        planted.taken_bug(shared)


def stress(thread_index):
    planted.look_at_bug(shared)
