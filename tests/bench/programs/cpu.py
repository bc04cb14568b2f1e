"""CPU-bound Python: calls, arithmetic, strings, JSON."""

import json


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def work():
    fib(18)
    strings = sorted(str(i) for i in range(10000))
    json.loads(json.dumps(strings[:3000]))
    total = 0
    for i in range(60000):
        total += i * i % 7
    return total
