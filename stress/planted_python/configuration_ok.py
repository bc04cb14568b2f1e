"""A finished object takes the place of the one before, by one store; others read what is there."""


class Configuration:
    def __init__(self, number):
        self.number = number
        self.names = [number]


current = Configuration(0)


def stress(thread_index):
    global current
    for number in range(50):
        if thread_index == 0:
            current = Configuration(number)
        assert current.names[0] >= 0
        assert current.number >= 0
