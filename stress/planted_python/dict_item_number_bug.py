"""An item of a dict whose keys are numbers."""

counts = {7: 0}


def stress(thread_index):
    for _ in range(50):
        counts[7] += 1
