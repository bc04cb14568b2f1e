"""The first bytes are copied and deleted under a lock; who alone takes is not wronged."""

import threading

data, inbox = bytearray(3000), bytearray()
heads = []
lock = threading.Lock()


def stress(thread_index):
    for number in range(40):
        with lock:
            heads.append(bytes(data[:4]))
            del data[:4]
        if thread_index:
            with lock:
                inbox.append(number)
        elif len(inbox) > 4:
            with lock:
                heads.append(bytes(inbox[:4]))
                del inbox[:4]
