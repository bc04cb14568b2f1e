"""Fields that are stored together and read one by one; and such of two objects."""


class Status:
    def __init__(self):
        self.state = 0
        self.last = 0

    def step(self, number):
        self.state = number
        self.last = number

    def show(self):
        seen = [self.state + 1]
        seen.append(self.last + 1)
        return seen


status = Status()
other = Status()


def stress(thread_index):
    for number in range(50):
        if thread_index % 2:
            status.step(number)
            other.step(number)
        else:
            status.show()
            status.state + other.last
