"""An expat parser that threads feed."""

import contextlib
from xml.parsers import expat


def setup():
    global shared
    shared = expat.ParserCreate()
    shared.Parse("<root>")


def stress(thread_index):
    for _ in range(50):
        with contextlib.suppress(expat.ExpatError):
            shared.Parse("<a>text</a>")
