"""A key is taken out of a set, whether or not it is there; two threads' keys are two variables."""

waiting = {("job", number) for number in range(400)}
named = set()


def stress(thread_index):
    for number in range(400):
        waiting.discard(("job", number))
        if (thread_index, number) not in named:
            named.add((thread_index, number))
