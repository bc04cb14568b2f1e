"""The extension modules: where pybind11's headers are, pyproject.toml can't say."""

import pybind11
from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "planted_pairs._c",
            ["src/module.c", "src/containers.c", "src/objects.c", "src/capsules.c"],
            depends=["src/planted_pairs.h"],
        ),
        Extension("planted_pairs._cython", ["planted_pairs/_cython.pyx"]),
        Extension(
            "planted_pairs._cpp",
            ["src/module.cpp"],
            include_dirs=[pybind11.get_include()],
            extra_compile_args=["-std=c++17", "-fvisibility=hidden"],
        ),
    ]
)
