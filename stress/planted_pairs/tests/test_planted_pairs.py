"""What a package's own tests are: one thread, objects of their own. They are the corpus."""

import planted_pairs
import pytest


def both(name: str) -> list[type]:
    return [getattr(planted_pairs, f"{name}_bug"), getattr(planted_pairs, f"{name}_ok")]


@pytest.mark.parametrize("kind", both("Field"))
def test_field(kind):
    field = kind()
    field.add(3)
    assert field.read() == 3


@pytest.mark.parametrize("kind", both("OneSide"))
def test_one_side(kind):
    side = kind()
    side.set(3)
    assert side.get() == 3


@pytest.mark.parametrize("kind", both("Walk"))
def test_walk(kind):
    walk = kind([1, 2, 3])
    walk.add(4)
    assert walk.sum() == 10
    walk.clear()
    assert walk.sum() == 0


@pytest.mark.parametrize("total", both("total"))
def test_total(total):
    assert total([1, 2, 3]) == 6


@pytest.mark.parametrize("kind", both("Drain"))
def test_drain(kind):
    drain = kind((1, 2, 3))
    assert list(drain) == [1, 2, 3]


@pytest.mark.parametrize("kind", both("Lazy"))
def test_lazy(kind):
    lazy = kind((3, 1, 2))
    assert lazy.ordered() == [1, 2, 3]


@pytest.mark.parametrize("kind", [planted_pairs.Asks_bug, planted_pairs.Asks_hidden])
def test_asks(kind):
    kind().ask("one")


@pytest.mark.parametrize("kind", both("Refuses"))
def test_refuses(kind):
    with pytest.raises(ValueError):
        kind().feed(b"")


@pytest.mark.parametrize("kind", both("Calls"))
def test_calls(kind):
    calls = kind((1, 2, 3))
    seen = []
    calls.each(seen.append)
    assert seen == [1, 2, 3]
    calls.clear()


@pytest.mark.parametrize("kind", both("Handle"))
def test_handle(kind):
    handle = kind()
    other = handle.share()
    assert handle.users() == other.users() == 2


@pytest.mark.parametrize("kind", both("Parser"))
def test_parser(kind):
    parser = kind()
    assert parser.error() is None
    assert parser.parse("7") == 7
    assert parser.parse("seven") == "ValueError"
    assert isinstance(parser.error(), ValueError)


@pytest.mark.parametrize("kind", both("Slots"))
def test_slots(kind):
    slots = kind(5, 6)
    assert slots.put(7) == 2
    slots.remove(0)
    assert slots.get(0) == -1
    assert slots.put(8) == 0
    assert slots.get(0) == 8


@pytest.mark.parametrize("kind", both("Tickets"))
def test_tickets(kind):
    tickets = kind()
    assert tickets.take() == 0
    assert len(tickets) == 1


@pytest.mark.parametrize("kind", both("Pot"))
def test_pot(kind):
    pot, other = kind(2), kind(3)
    pot.merge(other)
    assert pot.amount() == 5
    assert other.amount() == 0


@pytest.mark.parametrize("end", ["bug", "ok"])
def test_meter(end):
    new, start, add = (
        getattr(planted_pairs, f"meter_{name}_{end}") for name in ("new", "start", "add")
    )
    meter = new()
    with pytest.raises(ValueError, match="not started"):
        add(meter)
    start(meter)
    assert add(meter) is None
