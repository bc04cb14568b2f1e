"""Takes a key, if it is there, in one call."""

jobs = dict.fromkeys(range(400), "job")
done = []


def stress(thread_index):
    for number in range(400):
        job = jobs.pop(number, None)
        if job is not None:
            done.append(job)
