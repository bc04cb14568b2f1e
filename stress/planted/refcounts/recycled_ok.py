"""Lists, floats, tuples, dicts and the like, which come back from free lists."""


def stress(thread_index):
    for number in range(300):
        made = [[number], (number, 1.5 * number), {number: [number]}, {number}, slice(number)]
        made.append(iter(made))
        made.append(made)
        found = list(made)
        found.clear()
        made.clear()
