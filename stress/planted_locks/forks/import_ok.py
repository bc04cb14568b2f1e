"""The child imports another module."""

import importlib.abc
import importlib.machinery
import os
import sys
import threading

held, done = threading.Event(), threading.Event()


def fork(call):
    held.wait(20)
    child = os.fork()
    if not child:
        try:
            call()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    done.set()


class Loader(importlib.abc.Loader):
    def exec_module(self, module):
        if module.__name__ == "planted_ok_for_long":
            held.set()
            done.wait(20)


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.startswith("planted_ok_for_"):
            return importlib.machinery.ModuleSpec(name, Loader())
        return None


sys.meta_path.insert(0, Finder())


def stress(thread_index):
    if thread_index == 0:
        __import__("planted_ok_for_long")
    elif thread_index == 1:
        fork(lambda: __import__("planted_ok_for_a_moment"))
