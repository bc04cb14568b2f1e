"""Each thread has an object of its own."""


def stress(thread_index):
    own = {"limit": [100]}
    limits = []
    for _ in range(20000):
        limits.append(own["limit"])
        limits.pop()
