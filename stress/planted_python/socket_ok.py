"""A server answers: each goes on where the other one has left off."""

import socket
import threading

listening = socket.create_server(("127.0.0.1", 0))
counter = 0
served = threading.Event()


def serve():
    global counter
    connection, _ = listening.accept()
    with connection, connection.makefile("rw") as lines:
        counter += 1
        lines.write("hello\n")
        lines.flush()
        while lines.readline():
            counter += 1
            lines.write("done\n")
            lines.flush()
    served.set()


def ask():
    global counter
    counter += 1
    with socket.create_connection(listening.getsockname(), timeout=10) as connection:
        connection.recv(6)
        for _ in range(5):
            counter += 1
            connection.sendall(b"do\n")
            connection.recv(5)
        counter += 1
    served.wait(10)


def stress(thread_index):
    if thread_index == 0:
        serve()
    elif thread_index == 1:
        ask()
