"""The value goes through local variables."""

balance = 0


def stress(thread_index):
    global balance
    for _ in range(50):
        before = balance
        fee = before // 100
        after = before + 10 - fee
        balance = after
