"""A cache that is made when it is first needed."""


class Config:
    def __init__(self):
        self.cache = None


config = Config()


def stress(thread_index):
    for _ in range(50):
        if config.cache is None:
            config.cache = object()
