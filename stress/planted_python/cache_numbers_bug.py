"""Both threads store equal numbers: the largest ones of so many bits, and their roots."""

largest = {}
roots = {}


def find(bits):
    try:
        value = largest[bits]
    except KeyError:
        value = (1 << bits) - 1
        largest[bits] = value
    return value


def root(number):
    if number not in roots:
        roots[number] = number**0.5
    return roots[number]


def stress(thread_index):
    for bits in range(20, 100):
        assert find(bits) == 2**bits - 1
        assert root(bits) ** 2 > bits - 1
