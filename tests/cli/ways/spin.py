def stress(thread_index):
    while True:
        pass
