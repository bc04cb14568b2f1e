"""Who goes over a dict begins again if it has changed."""

known = {number: number for number in range(4)}


def names():
    while True:
        seen = set()
        try:
            for name in known:
                if name not in seen:
                    seen.add(name)
                    yield name
            return
        except RuntimeError:
            continue


def stress(thread_index):
    if thread_index:
        known[object()] = 1
    else:
        list(names())
