"""What the arguments of Keras and of dlrun take, told by their text."""

import pytest

from dlrun import catalog
from dlrun.absent import ABSENT
from dlrun.catalog import Parameter, argument_types


def expected(kind, word, argument):
    return str(argument_types.expected(catalog.find(kind, word).parameter(argument)))


@pytest.mark.parametrize(
    ("kind", "word", "argument", "says"),
    [
        ("layers", "Dense", "units", "an integer"),
        ("layers", "Dense", "use_bias", "true or false"),
        ("layers", "Conv2D", "filters", "an integer"),
        ("layers", "Conv2D", "kernel_size", "an integer or a list"),
        ("layers", "Conv2D", "padding", "'valid' or 'same'"),
        ("layers", "Conv1D", "padding", "'valid', 'same' or 'causal'"),
        ("layers", "Conv2D", "data_format", "'channels_last', 'channels_first' or null"),
        ("layers", "Dropout", "rate", "a number"),
        ("layers", "Dropout", "seed", "an integer or null"),
        ("layers", "BatchNormalization", "momentum", "a number"),
        ("layers", "MaxPooling2D", "strides", "an integer, a list or null"),
        ("layers", "LSTM", "use_cudnn", "another value"),
        ("layers", "ReLU", "max_value", "a number or null"),
        (
            "losses",
            "BinaryCrossentropy",
            "reduction",
            "'sum', 'sum_over_batch_size', 'mean', 'mean_with_sample_weight', 'none' or null",
        ),
        ("optimizers", "SGD", "momentum", "a number"),
        ("optimizers", "Adam", "clipnorm", "a number or null"),
        ("callbacks", "EarlyStopping", "patience", "an integer"),
        ("callbacks", "EarlyStopping", "mode", "'auto', 'min' or 'max'"),
        ("callbacks", "ModelCheckpoint", "monitor", "another value"),
        ("callbacks", "ModelCheckpoint", "save_freq", "another value"),
        ("datasets", "table", "path", "a path or a list"),
        ("datasets", "moons", "noise", "a number"),
    ],
)
def test_the_text_tells_what_an_argument_takes(kind, word, argument, says):
    """Where it says nothing certain, anything goes."""
    assert expected(kind, word, argument) == says


@pytest.mark.parametrize("kind", catalog.KINDS)
def test_no_default_is_refused(kind):
    """What Keras itself would give is legal."""
    for name in catalog.words(kind):
        for parameter in catalog.find(kind, name).parameters:
            if parameter.default is not ABSENT:
                wanted = argument_types.expected(parameter)
                assert argument_types.complaint(parameter.default, wanted) is None


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("int", [1], [1.5, True, "a", None, [1]]),
        ("float", [1, 1.5], [True, "a", None]),
        ("bool", [True], [0, "yes"]),
        ("str | None", ["a", None], [1]),
        ("Path | None", ["a", None], [1, ["a"]]),
        ("Literal['a', 'b']", ["a"], ["c", 1, None]),
        ("Sequence[str] | str", ["a", ["a"]], [1]),
        ("list[int]", [[1]], [1]),
        ("tuple[float, float]", [[1, 2]], ["a"]),
        ("Any", [1, "a", None], []),
        ("Literal[1, 2]", [1, 3], []),
        ("Callable[[int], int]", ["a"], []),
    ],
)
def test_annotations(annotation, good, bad):
    """Where an annotation cannot be read, anything goes."""
    wanted = argument_types.expected(
        Parameter("a", required=True, default=None, annotation=annotation)
    )
    assert all(argument_types.complaint(value, wanted) is None for value in good)
    assert all(argument_types.complaint(value, wanted) for value in bad)


@pytest.mark.parametrize(
    ("annotation", "value", "fix"),
    [
        ("int", 3.0, "Write 3."),
        ("int", 3.5, None),
        ("int", "1_000", "Write 1000."),
        ("float", "1e-3", "Write 1e-3."),
        ("float", "fast", None),
        ("bool", "yes", "Write true."),
        ("bool", "off", "Write false."),
        ("Literal['valid', 'same']", "smae", "Did you mean 'same'?"),
        ("Literal['valid', 'same']", "zzz", None),
    ],
)
def test_what_was_probably_meant(annotation, value, fix):
    """Only where it is plain."""
    wanted = argument_types.expected(
        Parameter("a", required=True, default=None, annotation=annotation)
    )
    assert argument_types.repair(value, wanted) == fix
