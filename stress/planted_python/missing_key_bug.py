"""Looks whether a key is there, and puts it in."""

made = {}


def stress(thread_index):
    for _ in range(50):
        for key in range(3):
            if key not in made:
                made[key] = object()
