"""Two accounts, opened in either order, are always taken in the order of their id()."""

import random
import threading


class Account:
    def __init__(self):
        self.lock = threading.Lock()


accounts = {}


def open_private():
    accounts["private"] = Account()


def open_shared():
    accounts["shared"] = Account()


def setup():
    for open_account in random.sample([open_private, open_shared], 2):
        open_account()


def stress(thread_index):
    first, second = sorted(accounts.values(), key=id)
    with first.lock, second.lock:
        pass
