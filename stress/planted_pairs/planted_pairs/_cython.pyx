# cython: language_level=3, freethreading_compatible=True
"""Cython's part: a field without a lock, a cache that is made when it is first wanted, and a reader that
refuses all that one has at hand."""

cimport cython


@cython.auto_pickle(False)
cdef class Field_bug:
    """add() and read() take no lock."""

    cdef long total

    def add(self, long number):
        self.total += number

    def read(self):
        return self.total


@cython.auto_pickle(False)
cdef class Field_ok:
    cdef long total

    def add(self, long number):
        with cython.critical_section(self):
            self.total += number

    def read(self):
        with cython.critical_section(self):
            return self.total


@cython.auto_pickle(False)
cdef class Lazy_bug:
    """Two threads make the cache at once, and one lets go of what the other has just found."""

    cdef tuple items
    cdef list cache

    def __cinit__(self, items):
        self.items = tuple(items)

    def ordered(self):
        if self.cache is None:
            self.cache = sorted(self.items)
        return self.cache


@cython.auto_pickle(False)
cdef class Lazy_ok:
    cdef tuple items
    cdef list cache

    def __cinit__(self, items):
        self.items = tuple(items)

    def ordered(self):
        with cython.critical_section(self):
            if self.cache is None:
                self.cache = sorted(self.items)
            return self.cache


@cython.auto_pickle(False)
cdef class Refuses_bug:
    """What feed() does before it refuses takes no lock."""

    cdef long fed

    def feed(self, bytes text):
        self.fed += 1
        if not text.startswith(b"%planted-1\n"):
            raise ValueError("no planted header")

    def feed_file(self, file):
        self.feed(file.read_planted())


@cython.auto_pickle(False)
cdef class Refuses_ok:
    cdef long fed

    def feed(self, bytes text):
        with cython.critical_section(self):
            self.fed += 1
            if not text.startswith(b"%planted-1\n"):
                raise ValueError("no planted header")

    def feed_file(self, file):
        self.feed(file.read_planted())


cdef set NAMES = {"one", "two"}


@cython.auto_pickle(False)
cdef class Asks_bug:
    """The lock of NAMES orders what a call does before it with what the other does after it, if it comes first."""

    cdef long known

    def ask(self, name):
        if name in NAMES:
            self.known += 1


@cython.auto_pickle(False)
cdef class Asks_hidden:
    """Here, whoever comes first: the same race does not show, and the cell says so."""

    cdef long known

    def ask(self, name):
        if name in NAMES:
            self.known += 1
        return "zero" in NAMES
