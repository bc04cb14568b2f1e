"""setdefault() looks and puts in at once; what was seen before does not matter."""

made, kept = {}, {}


def find(key):
    found = kept.get(key)
    if found is None:
        found = kept.setdefault(key, object())
    return found


def is_kept(key):
    return key in kept


def keep(key):
    if not is_kept(key):
        kept.setdefault(key, object())


def stress(thread_index):
    for number in range(20):
        made.setdefault(number, []).append(thread_index)
        find(number)
        keep(-1 - number)
