"""Registers unittest suites."""

from ..suite import Driver, Options, Suite


class UnittestDriver(Driver):
    """driver = unittest"""

    def open(self, options: Options) -> Suite:
        from .unittest_suite import UnittestSuite

        return UnittestSuite(options)


DRIVER = UnittestDriver()
