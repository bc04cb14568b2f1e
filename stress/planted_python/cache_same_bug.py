"""Two threads put one and the same object into a cache: nothing is lost, whoever comes last."""

names = [f"name {number}" for number in range(40)]
kept = {}


def keep(name):
    if name not in kept:
        kept[name] = name
    return kept[name]


def stress(thread_index):
    for name in names:
        assert keep(name) == name
