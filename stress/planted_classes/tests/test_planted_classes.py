"""What a package's own tests are: one thread, objects of their own. They are the corpus."""

import planted_classes
import pytest


def both(name: str) -> list[type]:
    return [getattr(planted_classes, f"{name}_bug"), getattr(planted_classes, f"{name}_ok")]


@pytest.mark.parametrize("kind", both("Counter"))
def test_counter(kind):
    counter = kind()
    counter.add(3)
    assert counter.read() >= 3


@pytest.mark.parametrize("kind", both("Slotted"))
def test_slotted(kind):
    slotted = kind()
    slotted.add(3)
    slotted.clear()
    assert slotted.total == 0


@pytest.mark.parametrize("kind", both("Lazy"))
def test_lazy(kind):
    assert kind("one two").parts == ["one", "two"]


@pytest.mark.parametrize("kind", both("Range"))
def test_range(kind):
    both_ends = kind(1, 2)
    both_ends.move(7)
    assert both_ends.width() == 5


@pytest.mark.parametrize("kind", both("Listeners"))
def test_listeners(kind):
    listeners = kind()
    listeners.add("second", 2)
    assert listeners.tell() == 2


@pytest.mark.parametrize("kind", both("Stack"))
def test_stack(kind):
    stack = kind([1])
    stack.push(2)
    assert stack.pop() == 2
    assert stack.pop() == 1


@pytest.mark.parametrize("kind", both("Recent"))
def test_recent(kind):
    recent = kind(2)
    recent["a"] = 1
    recent.update(b=2, c=3)
    assert recent.get("a") is None
    assert recent.pop("c") == 3
    assert len(recent) == 1


def test_settings():
    settings = planted_classes.Settings_ok()
    settings.set("debug")
    assert settings.get() == "debug"


def test_pool():
    pool = planted_classes.Pool_ok()
    pool.put(pool.get())
    with pool.one() as item:
        assert item == 3


def test_mailbox():
    mailbox = planted_classes.Mailbox_ok()
    mailbox.put("a")
    assert mailbox.take() == "a"


def test_owner():
    assert planted_classes.Owner_ok().add() == 1


def test_a_part_alone():
    part = planted_classes._Part()
    part.add()
    assert part.count == 1
