"""Drawing toy datasets."""

from __future__ import annotations

import numpy as np
import pytest

from dlrun.data.generators import draw_dataset, seeded_generator
from dlrun.errors import ConfigError


def draw(samples=5, test_samples=0, class_values=(0.0, 1.0), seed=0):
    def law(generator, rows):
        x = generator.random((rows, 3))
        return x, (x[:, 0] > 0.5).astype(int) if class_values else x[:, :1]

    return draw_dataset(law, seeded_generator(seed), samples, test_samples, class_values)


def test_training_rows_do_not_depend_on_the_number_of_test_rows():
    """Test rows are drawn last, and are other rows."""
    alone, both = draw(), draw(test_samples=5)
    assert alone.test is None
    assert (alone.train.x == both.train.x).all()
    assert not (both.test.x == both.train.x).any()


def test_names_and_dtypes():
    """float32 features, class numbers as int64, values as float32."""
    classes, values = draw(), draw(class_values=None)
    assert classes.feature_names == ("x1", "x2", "x3")
    assert classes.class_names == ("0", "1")
    assert (classes.train.x.dtype, classes.train.y.dtype) == (np.float32, np.int64)
    assert (values.class_names, values.train.y.dtype, values.train.y.shape) == (
        None,
        np.float32,
        (5, 1),
    )


def test_the_stream_of_a_seed_is_that_of_pcg64():
    """The same on every machine; the numbers are NumPy's documented PCG64."""
    expected = np.random.Generator(np.random.PCG64(7)).random((5, 3)).astype(np.float32)
    assert (draw(seed=7).train.x == expected).all()


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"test_samples": -1}])
def test_numbers_of_rows_are_checked(wrong):
    """At least one training row, and no negative number of test rows."""
    with pytest.raises(ConfigError, match=f"dataset.{next(iter(wrong))}: "):
        draw(**wrong)
