"""The last item of a list."""

totals = [0, 0]


def stress(thread_index):
    for _ in range(50):
        totals[-1] = totals[-1] + 1
