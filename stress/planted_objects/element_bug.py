"""An Element that threads give children and attributes, and walk."""

import xml.etree.ElementTree as ElementTree


def setup():
    global shared
    shared = ElementTree.Element("root")
    for _ in range(4):
        ElementTree.SubElement(shared, "child")


def stress(thread_index):
    for number in range(100):
        shared.set("key", str(number))
        shared.append(ElementTree.Element("more"))
        for child in shared:
            str(child.tag)
        del shared[-1]
