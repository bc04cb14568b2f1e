"""A module is imported when it is needed first: all threads get the same one."""

fractions = None
halves = []


def stress(thread_index):
    global fractions
    if fractions is None:
        import fractions
    halves.append(fractions.Fraction(1, 2))
