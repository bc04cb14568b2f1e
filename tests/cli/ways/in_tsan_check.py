import ctypes

free = ctypes.CDLL(None).free
free.argtypes = [ctypes.c_size_t]


def stress(thread):
    free(16)  # which no malloc() gave out
