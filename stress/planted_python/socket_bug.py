"""A client does not wait for the answer."""

import socket

here, there = socket.socketpair()
counter = 0


def stress(thread_index):
    global counter
    if thread_index == 0:
        for _ in range(20):
            here.sendall(b"do\n")
            counter += 1
    elif thread_index == 1:
        for _ in range(20):
            there.recv(3)
            counter += 1
