"""A value is read by one method and stored by another one, which a third one calls."""


class Store:
    def __init__(self):
        self.items = {"n": 0}

    def get(self, key):
        return self.items.get(key)

    def set(self, key, value):
        self.items[key] = value

    def add(self, key):
        value = self.get(key) or 0
        self.set(key, value + 1)


store = Store()


def stress(thread_index):
    for _ in range(50):
        store.add("n")
