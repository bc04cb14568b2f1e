"""Makes pytest know the mark where it runs without ftstress."""


def pytest_configure(config):
    config.addinivalue_line("markers", "ftstress_roles: ftstress runs the methods against each other")
