"""Attribute- and dict-heavy Python."""


class Point:
    def __init__(self, x):
        self.x = x
        self.y = -x

    def moved(self):
        return self.x + self.y + 1


def work():
    table = {}
    for i in range(40000):
        table[i % 997] = table.get(i % 997, 0) + i
    points = [Point(i) for i in range(10000)]
    for point in points:
        point.x += point.moved()
    return sum(point.moved() for point in points)
