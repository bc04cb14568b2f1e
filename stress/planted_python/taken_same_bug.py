"""It stores one and the same object, too, and still two threads run what only one should."""

jobs = [f"job {number}" for number in range(40)]
taken = {}
done = []


def take(job):
    if job not in taken:
        taken[job] = job
        done.append(job)


def stress(thread_index):
    for job in jobs:
        take(job)
