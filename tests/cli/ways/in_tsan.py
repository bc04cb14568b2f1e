import ctypes

write = getattr(ctypes.CDLL(None), "__tsan_write8")
write.argtypes = [ctypes.c_size_t]


def stress(thread):
    write(0xDDDDDDDDDDDDDDDD)
