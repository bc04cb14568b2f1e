"""A key is in a set, and is taken out of it."""

waiting = {("job", number) for number in range(400)}
done = []


def stress(thread_index):
    for number in range(400):
        if ("job", number) in waiting:
            waiting.discard(("job", number))
            done.append(number)
