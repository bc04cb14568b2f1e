"""NumPy on small and middle-sized arrays."""

import numpy

vector = numpy.arange(20000, dtype=float)
small = numpy.arange(8.0)


def work():
    total = 0.0
    for i in range(300):
        total += float((vector * i + 1.0).sum())
    for i in range(4000):
        total += float((small + i)[2])
    return total + float(numpy.sort(vector[::-1]).sum())
