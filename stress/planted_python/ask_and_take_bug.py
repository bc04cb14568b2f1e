"""One method says whether a stack is empty, another one takes an item."""


class Stack:
    def __init__(self):
        self.items = list(range(400))

    def empty(self):
        return not self.items

    def take(self):
        return self.items.pop()


stack = Stack()


def stress(thread_index):
    while not stack.empty():
        stack.take()
