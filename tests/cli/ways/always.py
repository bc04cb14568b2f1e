def stress(thread):
    assert 1 == 2
