"""Every test_NAME_bug has a race in Rust, and no test_NAME_ok has one."""

import itertools

import rusty

numbers = itertools.count()
counter_bug = rusty.CounterBug()
counter_ok = rusty.CounterOk()
cache_bug = rusty.CacheBug()
cache_ok = rusty.CacheOk()
shared_bug = rusty.SharedBug()
shared_ok = rusty.SharedOk()
lazy_bug = rusty.LazyBug()
lazy_ok = rusty.LazyOk()
latest_bug = rusty.LatestBug()
latest_ok = rusty.LatestOk()


def test_counter_bug() -> None:
    for _ in range(20):
        counter_bug.bump()


def test_counter_ok() -> None:
    for _ in range(20):
        counter_ok.bump()


def test_cache_bug() -> None:
    for _ in range(20):
        cache_bug.put(next(numbers) % 64)


def test_cache_ok() -> None:
    for _ in range(20):
        cache_ok.put(next(numbers) % 64)


def test_shared_bug() -> None:
    for _ in range(20):
        assert shared_bug.length() == 4


def test_shared_ok() -> None:
    for _ in range(20):
        assert shared_ok.length() == 4


def test_lazy_bug() -> None:
    for _ in range(20):
        assert lazy_bug.get() == 42


def test_lazy_ok() -> None:
    for _ in range(20):
        assert lazy_ok.get() == 42


def test_latest_bug() -> None:
    for _ in range(20):
        latest_bug.put(7)
        assert latest_bug.get() in (0, 7)


def test_latest_ok() -> None:
    for _ in range(20):
        latest_ok.put(7)
        assert latest_ok.get() in (0, 7)


def test_static_bug() -> None:
    for _ in range(20):
        rusty.call_bug()


def test_static_ok() -> None:
    for _ in range(20):
        rusty.call_ok()
