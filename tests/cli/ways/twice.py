"""Fails the second time: what it leaves behind is its own fault, not the threads'."""

done = []


def stress(thread):
    assert not done
    done.append(thread)
