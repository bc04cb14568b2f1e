"""The largest value so far."""

largest = 0


def stress(thread_index):
    global largest
    for _ in range(50):
        if thread_index + _ > largest:
            largest = thread_index + _
