"""A job is deleted from the list in one call."""

jobs = ["read", "write"] * 500


def stress(thread_index):
    for _ in range(90):
        jobs.remove("write")
