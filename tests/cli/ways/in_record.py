import ctypes

emit = ctypes.CDLL(None).ftstress_emit
emit.argtypes = [ctypes.c_uint32, ctypes.c_size_t, ctypes.c_uint32]


def stress(thread):
    emit(19, 16, 64)  # a note, of bytes that are not there
