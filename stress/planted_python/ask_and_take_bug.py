"""One method says whether a stack is empty, another one takes an item."""


class Stack:
    def __init__(self):
        self.items = list(range(4000))

    def empty(self):
        return not self.items

    def take(self):
        return self.items.pop()


stack = Stack()


def stress(thread_index):
    for _ in range(20):
        if not stack.empty():
            stack.take()
