"""Where a job is in the list is looked up, and then what is there is deleted."""

jobs = ["read", "write"] * 500


def stress(thread_index):
    for _ in range(90):
        at = jobs.index("write")
        del jobs[at]
