"""Two globals that belong together, which two threads store."""

name = "of 0"
number = 0


def stress(thread_index):
    global name, number
    for count in range(50):
        name = f"of {thread_index} {count}"
        number = thread_index
        label(name)


def label(text):
    return name, number
