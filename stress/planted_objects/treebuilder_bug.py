"""A TreeBuilder that threads give tags to."""

import contextlib
import xml.etree.ElementTree as ElementTree


def setup():
    global shared
    shared = ElementTree.TreeBuilder()
    shared.start("root", {})


def stress(thread_index):
    for _ in range(100):
        shared.start("child", {})
        shared.data("text")
        with contextlib.suppress(IndexError):
            shared.end("child")
