"""Objects that keep each other are garbage, and collected."""


class Node:
    """Keeps another one."""

    def __init__(self) -> None:
        self.other = self


def stress(thread_index):
    for _ in range(10):
        Node().other = [Node()]
