"""The same by an exception."""

made = {"z": 0}


def stress(thread_index):
    for _ in range(50):
        try:
            made["a"]
        except KeyError:
            made["a"] = object()
