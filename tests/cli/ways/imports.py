import no_such_module  # noqa: F401


def stress(thread):
    pass
