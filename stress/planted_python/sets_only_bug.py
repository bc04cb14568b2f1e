"""The same is set by all, but who has set it is told so."""

taken = []


class Seat:
    def __init__(self):
        self.taken = False

    def take(self):
        if self.taken:
            return False
        self.taken = True
        return True


seats = [Seat() for _ in range(200)]


def stress(thread_index):
    for seat in seats:
        if seat.take():
            taken.append(thread_index)
