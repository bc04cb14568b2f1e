"""Whether there is anything is looked at first; what decides is whether the key is there."""

jobs = {}
names = set()


def stress(thread_index):
    for number in range(50):
        key = (thread_index, number)
        jobs[key] = number
        names.add(key)
        if jobs and key in jobs:
            jobs.pop(key)
        if len(names) and key in names:
            names.remove(key)
