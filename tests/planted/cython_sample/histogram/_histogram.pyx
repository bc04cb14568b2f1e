# cython: language_level=3, freethreading_compatible=True, boundscheck=False
"""Two histograms that threads may share: one forgets the lock. Two sizes: one only borrows.
Two first items: one is dropped too often."""

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF


cdef extern from "Python.h":
    PyObject *borrowed_item "PyList_GetItem"(object items, Py_ssize_t index)
    object own_item "PyList_GetItemRef"(object items, Py_ssize_t index)


def size_bug(list items not None):
    """Wrong: another thread may replace the item before its size is asked for."""
    cdef PyObject *item = borrowed_item(items, 0)
    return len(<list>item)  # the borrowed one


def size_ok(list items not None):
    return len(own_item(items, 0))


def first_bug(list items not None):
    """Wrong: what it drops is the list's reference."""
    cdef object item = items[0]
    Py_DECREF(item)  # the drop too many
    return len(item)


def first_ok(list items not None):
    cdef object item = items[0]
    Py_INCREF(item)
    Py_DECREF(item)
    return len(item)


cdef class Histogram_bug:
    """Wrong: `counts` is read and written without a lock, so additions get lost."""

    cdef long counts[256]

    def add(self, const unsigned char[::1] data not None):
        cdef Py_ssize_t i
        for i in range(data.shape[0]):
            self.counts[data[i]] += 1  # the race

    def total(self):
        cdef long total = 0
        for count in self.counts:
            total += count
        return total


cdef class Histogram_ok:
    """Right: a critical section on the object, as methods of list and dict have it."""

    cdef long counts[256]

    def add(self, const unsigned char[::1] data not None):
        cdef Py_ssize_t i
        with cython.critical_section(self):
            for i in range(data.shape[0]):
                self.counts[data[i]] += 1

    def total(self):
        cdef long total = 0
        with cython.critical_section(self):
            for count in self.counts:
                total += count
        return total
