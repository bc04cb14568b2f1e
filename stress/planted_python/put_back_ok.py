"""What was read is stored again: nothing is changed by that."""

from typing import cast


class Dialect:
    def __init__(self):
        self.module = object()
        self.names = ["a"]


dialect = Dialect()
table = {"module": object()}
default = object()


def stress(thread_index):
    global default
    for _ in range(50):
        dialect.module = cast("object", dialect.module)
        names = dialect.names
        dialect.names = names
        table["module"] = table["module"]
        default = default or object()
