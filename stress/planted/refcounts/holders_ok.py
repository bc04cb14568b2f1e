"""Objects are held in all ways that Python has, also by what runs and does not count them."""

import asyncio
import collections
import contextvars
import ctypes
import functools
import itertools
import operator
import sys
import threading
import types
import weakref
import xml.etree.ElementTree as Tree

kept = []
lock = threading.Lock()


class Slots:
    __slots__ = ("one", "two")


class Node:
    def __init__(self, item):
        self.item = item
        self.me = self

    def __del__(self):
        kept.append(self.item)  # it lives on

    @functools.cached_property
    def cached(self):
        return [self.item]


def count(item):
    for _ in range(3):
        yield item, [item]


async def wait(item):
    await asyncio.sleep(0)
    return item


def fail(item):
    raise ValueError(item)


def frame_of(item):
    return sys._getframe(), item


@functools.lru_cache(maxsize=50)
def remembered(number):
    return [number]


def hold(item):
    """All that holds the item."""
    running, waiting, cell = count(item), wait(item), lambda: item
    next(running)
    waiting.send(None)
    slots = Slots()
    slots.one, slots.two = item, [item]
    try:
        fail(item)
    except ValueError as error:
        error.add_note("held")
        failed = error
    first, second = itertools.tee([item] * 5)
    next(second)
    groups = itertools.groupby([item] * 4)
    next(groups)
    variable = contextvars.ContextVar("held")
    context = contextvars.copy_context()
    context.run(variable.set, item)
    ordered = collections.OrderedDict({id(item): item})
    element = Tree.Element("held")
    element.append(Tree.SubElement(Tree.Element("above"), "below"))
    namespace = types.SimpleNamespace(item=item)
    weak = weakref.WeakKeyDictionary()
    weak[slots.__class__] = item
    return [
        running, waiting, cell, slots, failed, first, second, groups, context, ordered, element,
        namespace, weak, frame_of(item), Node(item), functools.partial(print, item),
        collections.deque([item] * 70), collections.defaultdict(list, {1: item}),
        zip([item], [item]), map(str, [item]), enumerate([item]), reversed([item]),
        itertools.chain([item], [item]), itertools.product([item], [item]), iter([item]),
        itertools.cycle([item]), types.MappingProxyType({1: item}), slice(item, item),
        operator.itemgetter(1), ctypes.py_object(item), types.GenericAlias(list, (item,)),
        property(lambda self: item), classmethod(item.append), item.append, memoryview(bytes(9)),
        {1: item, "a": item}, {(1, id(item)), "a"}, (item, (item,)), [remembered(1)] * 9,
    ]  # fmt: skip


def stress(thread_index):
    item = [thread_index, [], {}]
    held = hold(item)
    Node(held)
    held.append(held)
    with lock:
        kept.append(held)
        del kept[:-40]
    held[14].cached.append(item)
