"""`shared` is shared by the threads that run a test at the same time."""

import pytest
from inventory import Inventory

shared = Inventory()


def test_each_addition_is_counted():
    seen = [shared.add("nut") for _ in range(200)]
    assert seen == sorted(set(seen))


def test_the_total_never_falls():
    before = shared.total()
    shared.add("bolt", 3)
    assert shared.total() >= before + 3


@pytest.mark.ftstress_roles
class TestRoles:
    """Besides each in all threads, ftstress runs the two against each other on one instance."""

    def setup_method(self):
        self.inventory = Inventory()

    def test_add(self):
        for _ in range(50):
            self.inventory.add("screw")

    def test_total(self):
        totals = [self.inventory.total() for _ in range(50)]
        assert totals == sorted(totals)


def test_too_many_are_refused():
    with pytest.raises(ValueError, match="more than"):
        Inventory().add("nut", 10**9)
