"""A cache that holds one object many times grows up to its limit."""

import planted

default = vars(planted).setdefault("default", [0])
answers = vars(planted).setdefault("answers", {})


def stress(thread_index):
    for number in range(4):
        answers[thread_index % 2, number] = default
