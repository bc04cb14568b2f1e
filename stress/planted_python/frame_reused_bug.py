"""A call that was stopped in a read ends without its write; others' locals lie where it was."""

NAMES = [f"name{i}" for i in range(120)]
ONES = b"\xff" * 400
"""What is taken for a pointer in it leads nowhere."""


class Box:
    def __init__(self):
        self.value = 0
        self.claimed = False


def add(box):
    value = box.value
    if box.claimed:
        return
    box.value = value + 1


def call_add(box):
    add(box)


def reset(box):
    box.claimed = True
    box.value = 0


names: dict = {}
exec(f"def fill(one):\n    {' = '.join(NAMES)} = one\n", names)
fill = names["fill"]
box = Box()


def stress(thread_index):
    for _ in range(50):
        call_add(box)
        fill(ONES)
        reset(box)
        box.claimed = False
        fill(ONES)
