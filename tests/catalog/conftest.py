"""A small package that is read as text in the tests of the catalog."""

from __future__ import annotations

from textwrap import dedent

import pytest

from dlrun.catalog import signatures, source

FILES = {
    "__init__.py": 'raise RuntimeError("this package must not be imported")\n',
    "base.py": '''
        class Layer:
            """The base.

            Args:
                name: String name of the layer.
                trainable: Boolean, whether to train.
            """

            def __init__(self, *, trainable=True, name=None, **kwargs):
                if kwargs:
                    raise ValueError

            def call(self): ...
        ''',
    "exported.py": "from toy.base import Layer\n",
    "shared.py": '''
        class Optimizer:
            def __init__(self, clip=None, **kwargs):
                pass

        base_keyword_args = """clip: Float. If
                    set, clips.
        """
        ''',
    "conv.py": '''
        from toy import exported
        from toy.base import (  # a comment
            Layer as Base,
        )

        if True:
            from tensors import Mixin
        class BaseConv(Mixin, Base):
            """Convolves.

            class Nonsense:
            """

            def __init__(self, rank, filters, strides=(1, 1), **kwargs):
                super().__init__(**kwargs)

        class Conv2D(BaseConv):
            """A 2D convolution
            over images.

            More.

            Args:
                filters: int, the number
                    of filters.
                padding, mode: How
                    edges are treated.
                trainable: Whether filters change.

            Example:
                filters: not an argument
            """

            def __init__(self, filters, padding="valid", mode=len("x"), **kwargs):
                self.x = 1
                super().__init__(2, filters, name="fixed", **kwargs)

        class Alone(exported.Layer):
            pass

        class Closed(Base):
            def __init__(self, size: int = 3, **kwargs):
                super().__init__()


        def half(x, slope: float = 0.5, *, name: str | None = None):
            """Halves.

            Args:
                slope (float): The slope.
            """
        ''',
}


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A package `toy` that fails when it is imported."""
    folder = tmp_path / "toy"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(dedent(content), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for cached in (source.package_folder, source.module_file, source.module_text, source.imports):
        cached.cache_clear()
    for cached in (source.class_head, source.function, signatures.of_class):
        cached.cache_clear()
