"""Objects with a finalizer, and one that lives once more."""

saved = []


class Phoenix:
    """Comes back when it is to end; the next one takes its place."""

    def __del__(self) -> None:
        saved[:] = [self]


def stress(thread_index):
    for _ in range(5):
        Phoenix()
