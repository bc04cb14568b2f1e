def stress(thread):
    pass
