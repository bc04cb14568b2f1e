"""An assertion decides nothing: what is stored behind it is stored in any case."""

state = 0


class Box:
    def __init__(self):
        self.value = 0

    def get(self):
        return self.value

    def put(self, value):
        self.value = value


def put_checked(box, value):
    if box.get() < 0:
        raise AssertionError(f"a box of {box.get()}")
    box.put(value)


box = Box()


def stress(thread_index):
    global state
    for number in range(20):
        assert 0 <= state < 1000
        state = number * thread_index
        assert box.get() >= 0, "negative"
        box.put(number * thread_index)
        put_checked(box, number)
