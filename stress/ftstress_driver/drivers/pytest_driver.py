"""Registers pytest suites; pytest itself is imported when one is opened."""

from ..suite import Driver, Options, Suite, SuiteError


class PytestDriver(Driver):
    """driver = pytest"""

    def open(self, options: Options) -> Suite:
        try:
            from .pytest_suite import PytestSuite
        except ImportError as error:
            raise SuiteError(
                f"pytest can't be imported ({error}): add `require = pytest>=8` to the suite file"
            ) from error
        return PytestSuite(options)


DRIVER = PytestDriver()
