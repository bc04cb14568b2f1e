"""next() of itertools.count is done as a whole: programs number things by it. So is map() of it."""

import itertools

numbers = itertools.count()
names = map(str, itertools.count())


def stress(thread_index):
    own = {next(numbers) for _ in range(50)} | {next(names) for _ in range(50)}
    assert len(own) == 100
