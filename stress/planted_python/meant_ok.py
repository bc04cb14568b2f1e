"""A race that is meant: a comment at the line says so."""

drawn = 0


def stress(thread_index):
    global drawn
    for _ in range(50):
        drawn += 1  # ftstress: ok it is for a progress bar
