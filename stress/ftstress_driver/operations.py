"""The types in C that there are, of which the library tells the runner the functions: what a stack
calls array_array_append is append of array.array. See interpose/wrap/operations.c."""

import ctypes
import sys
from collections.abc import Iterator


class Operations:
    """Used by the zygote."""

    def __init__(self) -> None:
        # PyDLL: the thread stays attached.
        self._tell = getattr(ctypes.PyDLL(None), "ftstress_operations", None)
        self._known: dict[int, type] = {id(kind): kind for kind in (object, type)}
        self._modules = 0

    def tell(self) -> None:
        """Of all types that have come since the last time."""
        if self._tell is None or self._modules == len(sys.modules):
            return
        self._modules = len(sys.modules)
        new = list(_new_subclasses(self._known))
        self._known.update((id(kind), kind) for kind in new)
        told = [id(kind) for kind in new if _is_of_c(kind)]
        self._tell((ctypes.c_void_p * len(told))(*told), ctypes.c_uint(len(told)))


def _new_subclasses(known: dict[int, type]) -> Iterator[type]:
    """By what they are: to compare them, or to hash them, may be a metaclass's own."""
    waiting: list[type] = [object]
    seen: set[int] = set()
    while waiting:
        below: list[type] = type.__subclasses__(waiting.pop())
        for kind in below:
            if id(kind) not in seen:
                seen.add(id(kind))
                waiting.append(kind)
                if id(kind) not in known:
                    yield kind


def _is_of_c(kind: type) -> bool:
    """Not one that a class statement made, and none whose objects are functions: to call one of
    these is to call what it stands for. Asks nothing of a metaclass, which may be anybody's."""
    own = _DICT.__get__(kind)
    if "__static_attributes__" in own:
        return False
    return "__call__" not in own or not ("__get__" in own or _is_builtin(kind))


def _is_builtin(kind: type) -> bool:
    try:
        return bool(_MODULE.__get__(kind) == "builtins")
    except AttributeError:  # it was taken away
        return False


_DICT = type.__dict__["__dict__"]
_MODULE = type.__dict__["__module__"]
