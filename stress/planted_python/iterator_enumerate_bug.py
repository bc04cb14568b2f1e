"""enumerate() of a list, shared: numbers come twice, and one iterator is one finding."""

numbered = enumerate(list("abcdefgh" * 50))


def stress(thread_index):
    for _ in range(20):
        next(numbered, None)
