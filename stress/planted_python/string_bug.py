"""A text that grows."""

log = ""


def stress(thread_index):
    global log
    for _ in range(50):
        log += "x"
