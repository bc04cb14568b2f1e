"""An object keeps another one, tells the collector so, and has no reference to it."""

import gc

import planted


def stress(thread_index):
    item = [thread_index]
    box = [item, planted.hold_bug(item)]
    box.append(box)
    del item, box
    gc.collect()
