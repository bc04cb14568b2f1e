def stress(thread):
    import old  # noqa: F401
