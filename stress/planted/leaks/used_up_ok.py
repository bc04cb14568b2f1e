"""What holds an object lets it go, one reference with each round."""

import planted

pool = vars(planted).setdefault("pool", [[1, 2, 3]] * 1000)


def stress(thread_index):
    pool.pop()
