"""An attribute of a class, made when it is first asked for; a lot is looked at in between."""


class Shape:
    fields = None
    names = tuple(str(number) for number in range(100))

    @classmethod
    def all(cls):
        if cls.fields is None:
            found = {}
            for name in cls.names:
                found[name] = sorted(cls.names)[0]
            cls.fields = found
        return cls.fields


shapes = [type(f"Shape{number}", (Shape,), {"fields": None}) for number in range(10)]


def stress(thread_index):
    for shape in shapes:
        shape.all()
