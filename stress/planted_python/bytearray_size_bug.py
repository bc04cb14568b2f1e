"""How many items a bytearray has; that it gets longer is no harm."""

received = bytearray()


def stress(thread_index):
    for number in range(50):
        received.extend(b"abc")
        if len(received) >= 3:
            del received[:3]
