"""What is shared is never freed, and its references are not counted."""


def stress(thread_index):
    limits = []
    for _ in range(20000):
        limits.append("a hundred")
        limits.pop()
