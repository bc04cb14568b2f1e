"""An object keeps a reference to another one, and tells the collector so."""

import gc

import planted


def stress(thread_index):
    item = [thread_index]
    box = [item, planted.hold_ok(item)]
    box.append(box)
    del item, box
    gc.collect()
