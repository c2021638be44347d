"""Reading new rows for a trained model."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from dlrun.arrays import Scaling, Spec
from dlrun.column import ColumnKind, RawColumn
from dlrun.columns import fit_column
from dlrun.data import array_samples, tables
from dlrun.data.samples import open_samples, read_samples
from dlrun.errors import DataError

FLOWERS = Spec(
    (2,),
    feature_names=("length", "width"),
    target_names=("kind",),
    class_names=("iris", "rose"),
    label_form="one_hot",
)
NUMBERED = Spec(
    (2,),
    feature_names=("length", "width"),
    target_names=("kind",),
    class_names=("-1", "1"),
    class_values=(-1.0, 1.0),
    label_form="sign",
    threshold=0.0,
)
REGRESSION = Spec(
    (2,), feature_names=("length", "width"), target_names=("price",), label_form="value"
)
IMAGES = Spec(
    (2, 2, 1),
    class_names=("0", "1"),
    class_values=(0.0, 1.0),
    label_form="index",
    pixel_max=16.0,
)
NO_HEADER = "no header: columns are taken in the order of the training data"
LAST_IS_TARGET = "the last column is taken as the target 'kind'"


@pytest.fixture
def write(tmp_path):
    def write(content, name="new.csv"):
        path = tmp_path / name
        if isinstance(content, dict):
            np.savez(path, **content)
        elif isinstance(content, np.ndarray):
            np.save(path, content)
        else:
            path.write_text(content)
        return path

    return write


@pytest.mark.parametrize(
    ("content", "with_target", "notes"),
    [
        ("length,width,kind\n1,2,rose\n3,4,iris\n", True, ()),
        ("kind,width,length\nrose,2,1\niris,4,3\n", True, ()),
        ("id,length,kind,width,note\n7,1,rose,2,x\n8,3,iris,4,y\n", True,
         ("columns not used: id, note",)),
        ("length,width\n1,2\n3,4\n", False, ()),
        ("length,width,kind\n1,2,?\n3,4,?\n", False, ()),
        (",length,width\n0,1,2\n1,3,4\n", False, ("columns not used: column 1",)),
        ("1,2\n3,4\n", False, (NO_HEADER,)),
        ("1,2,rose\n3,4,iris\n", False, (NO_HEADER, LAST_IS_TARGET)),
        ("1,2,rose\n3,4,iris\n", True, (NO_HEADER, LAST_IS_TARGET)),
        ("\ufeff1;2\r\n3;4\r\n", False, (NO_HEADER,)),
    ],
)  # fmt: skip
def test_columns_are_found_by_name_or_without_a_header_by_place(write, content, with_target, notes):
    """Any order, other columns besides, with or without the target."""
    samples, said = read_samples(write(content), FLOWERS, with_target=with_target)
    assert samples.x.tolist() == [[1, 2], [3, 4]]
    assert samples.x.dtype == np.float32
    assert said == notes
    if with_target:
        assert samples.y.tolist() == [[0, 1], [1, 0]]
    else:
        assert samples.y is None


@pytest.mark.parametrize(
    ("spec", "content", "y"),
    [
        (NUMBERED, "length,width,kind\n1,2,1\n1,2,-1.0\n", [[1], [-1]]),
        (REGRESSION, "length,width,price\n1,2,0.5\n1,2,8\n", [[0.5], [8]]),
    ],
)
def test_targets_are_encoded_as_in_training(write, spec, content, y):
    """Classes of numbers are compared as numbers: -1.0 is the class -1."""
    assert read_samples(write(content), spec, with_target=True)[0].y.tolist() == y


def test_features_are_scaled_as_in_training(write):
    """By the offset and the factor that the spec holds."""
    spec = Spec((2,), feature_names=("a", "b"), scaling=Scaling("minmax", (1.0, 0.0), (2.0, 10.0)))
    samples, _ = read_samples(write("b,a\n5,2\n"), spec, with_target=False)
    assert samples.x.tolist() == [[0.5, 0.5]]


@pytest.mark.parametrize(
    ("spec", "content", "message"),
    [
        (FLOWERS, "width,kind,id\n2,rose,1\n",
         "{path}:1: missing column 'length'; the file has 'width', 'kind', 'id'."),
        (FLOWERS, "length,size\n2,1\n",
         "{path}:1: missing columns 'width', 'kind'; the file has 'length', 'size'."),
        (FLOWERS, "length,width,width,kind\n1,2,3,rose\n",
         ("{path}:1: column 'width' appears 2 times (columns 2, 3).\n"
         "  Give each column a name of its own.")),
        (FLOWERS, "length,width,kind\n1,2,rose\n3,4,tulip\n",
         ("{path}:3: column 'kind': 'tulip' is none of the classes of the training data "
         "(iris, rose).")),
        (NUMBERED, "length,width,kind\n1,2,0\n",
         "{path}:2: column 'kind': '0' is none of the classes of the training data (-1, 1)."),
        (FLOWERS, "length,width,kind\n1,2,oak\n3,4,tulip\n5,6,rose\n7,8,tulip\n",
         ("{path}:2: column 'kind': 'oak' is none of the classes of the training data "
         "(iris, rose).\n  In all there are 3 such rows ('tulip' 2, 'oak' 1); the next ones:\n"
         "  {path}:3: 'tulip'\n  {path}:5: 'tulip'")),
        (NUMBERED, "length,width,kind\n1,2,yes\n",
         ("{path}:2: column 'kind': 'yes' is not a number.\n"
         "  Mend the file, an empty cell for what is missing: the run reads it as it did in "
         "training.")),
        (FLOWERS, "1,2,3,4\n",
         "{path}:1: the file has 4 columns; 2 of the features and 1 of the target were expected."),
        (FLOWERS, "1,2\n",
         "{path}:1: the file has 2 columns; 2 of the features and 1 of the target were expected."),
        (REGRESSION, "length,width,price\n1,1e39,3\n",
         ("{path}: the features hold 1e+39, which is beyond the range of float32.\n"
         "  Measure in a larger unit, or train with `dataset.scale`.")),
        (IMAGES, "0,1,2,17,1\n",
         "{path}:1: 17 is no pixel; whole numbers from 0 to 16 were expected."),
        (IMAGES, "0,1,2,3,4\n16,8,4,0,1\n",
         ("{path}:1: the first row, 0,1,2,3,4, looks like numbers of the columns, as pandas writes "
         "them; it could be a header or data.\n  Write the names of the columns into a first row "
         "(column 1,column 2,column 3,column 4).")),
        (IMAGES, "0,,2,3,1\n",
         ("1 cell of the features is empty ('column 2' 1):\n  {path}:1: 'column 2'\n"
         "  Fill them, or leave the rows out: the run was trained without gaps in these columns.")),
        (IMAGES, "0,0,0.5,1,1\n",
         "{path}:1: 0.5 is no pixel; whole numbers from 0 to 16 were expected."),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_an_error(write, spec, content, message):
    """The message names the file, the line, the column and the text."""
    path = write(content)
    with pytest.raises(DataError) as error:
        read_samples(path, spec, with_target=True)
    assert str(error.value) == message.format(path=path)


@pytest.mark.parametrize("chunk", [2**20, 8])
def test_all_empty_cells_are_told(write, monkeypatch, chunk):
    """The first ten with their places, and how many there are in each column that takes none."""
    monkeypatch.setattr(tables, "CELLS_PER_CHUNK", chunk)
    values = np.array([1.0, 2.0, np.nan])
    columns = (
        fit_column(ColumnKind("length", "number"), RawColumn("length", "number"), values[:2]),
        fit_column(ColumnKind("width", "category", {"missing": "own"}),
                   RawColumn("width", "number"), values),
    )  # fmt: skip
    spec = Spec((2,), columns=columns, feature_names=("length", "width"))
    path = write("width,length\n" + "1,1\n" * 20 + ",\n" * 12 + "1,2\n")
    with pytest.raises(DataError) as error:
        read_samples(path, spec, with_target=False)
    first, *places, more, _ = str(error.value).splitlines()
    assert first == "12 cells of the features are empty ('length' 12):"
    assert places == [f"  {path}:{line}: 'length'" for line in range(22, 32)]
    assert more == "  ... and 2 more"


def test_many_missing_columns_are_not_all_listed(write):
    """A message about a thousand pixels stays readable."""
    spec = Spec((30,), feature_names=tuple(f"p{number}" for number in range(30)))
    with pytest.raises(DataError, match=r"'p19' and 10 more; the file has 'a'\.$"):
        read_samples(write("a\n1\n"), spec, with_target=False)


def test_images_can_be_rows_of_a_csv_file(write):
    """Pixels are divided as in training and put back into the shape of an image."""
    samples, notes = read_samples(write("0,4,8,16,1\n"), IMAGES, with_target=True)
    assert samples.x.tolist() == [[[[0.0], [0.25]], [[0.5], [1.0]]]]
    assert samples.y.tolist() == [1]
    assert notes == (NO_HEADER, "the last column is taken as the target 'target'")


def test_a_header_is_passed_over_where_the_model_has_no_names(write):
    """Columns of images have no names of their own; their number decides."""
    samples, _ = read_samples(write("p1,p2,p3,p4,label\n0,0,0,16,1\n"), IMAGES, with_target=True)
    assert samples.x.ravel().tolist() == [0, 0, 0, 1]


PIXELS = np.array([[[0, 4], [8, 16]], [[16, 16], [0, 0]]], dtype=np.uint8)


@pytest.mark.parametrize(
    ("x", "spec"),
    [
        (PIXELS, IMAGES),
        (PIXELS[..., None], IMAGES),
        (PIXELS / 16, IMAGES),
        (PIXELS, Spec((4,), pixel_max=16.0)),
        (PIXELS.reshape(2, 4), Spec((4,), pixel_max=16.0)),
    ],
)
def test_arrays_of_images_are_read_as_training_read_them(write, x, spec):
    """Whole numbers are pixels, fractions are scaled already; an axis of size 1 may be missing."""
    for content, name in [({"x": x}, "new.npz"), ({"any": x}, "one.npz"), (x, "new.npy")]:
        samples, _ = read_samples(write(content, name), spec, with_target=False)
        assert samples.x.shape == (2, *spec.input_shape)
        assert samples.x.ravel().tolist() == [0, 0.25, 0.5, 1, 1, 1, 0, 0]
        assert samples.x.dtype == np.float32


@pytest.mark.parametrize("y", [[1, 0], [[1], [0]], [[0, 1], [1, 0]], [1.0, 0.0]])
def test_the_targets_of_an_npz_file_may_be_numbers_or_one_hot_rows(write, y):
    """They are matched with the numbers of the classes."""
    path = write({"x": PIXELS, "y": np.array(y), "z": np.zeros(1)}, "new.npz")
    samples, notes = read_samples(path, IMAGES, with_target=True)
    assert samples.y.tolist() == [1, 0]
    assert notes == ("arrays not used: z",)


def test_the_targets_of_an_npz_file_may_be_names(write):
    """They are matched with the names of the classes."""
    path = write({"x": np.ones((2, 2)), "y": np.array(["rose", "iris"])}, "new.npz")
    assert read_samples(path, FLOWERS, with_target=True)[0].y.tolist() == [[0, 1], [1, 0]]


LABELS = np.array([1, 0])
REAL = np.ones((2, 2))


@pytest.mark.parametrize(
    ("spec", "arrays", "message"),
    [
        (IMAGES, {"x": PIXELS}, "{path}: there is no array 'y'; the file has x."),
        (IMAGES, {"a": PIXELS, "b": PIXELS}, "{path}: there is no array 'x'; the file has a, b."),
        (IMAGES, {"x": PIXELS, "y": LABELS[:1]},
         "{path}: array 'y': the array has shape (1,), but x has 2 rows."),
        (IMAGES, {"x": PIXELS, "y": LABELS + 1},
         "{path}: array 'y': row 1 has the class '2', which no training row has (0, 1)."),
        (IMAGES, {"x": PIXELS, "y": np.ones((2, 3))},
         "{path}: array 'y': the array has shape (2, 3); one class for each row was expected."),
        (FLOWERS, {"x": REAL, "y": LABELS},
         "{path}: array 'y': the array holds int64; the names of the classes were expected."),
        (FLOWERS, {"x": REAL, "y": np.array(["rose", "tulip"])},
         "{path}: array 'y': row 2 has the class 'tulip', which no training row has (iris, rose)."),
        (REGRESSION, {"x": REAL, "y": np.ones((2, 3))},
         "{path}: array 'y': the array has 3 targets for each row; 1 were expected."),
        (REGRESSION, {"x": REAL, "y": np.array([1, np.nan])},
         "{path}: array 'y': the entry [1] is nan; finite numbers were expected."),
        (IMAGES, {"x": PIXELS.reshape(2, 4), "y": LABELS},
         "{path}: array 'x': the array has shape (2, 4); (rows, 2, 2, 1) was expected."),
        (IMAGES, {"x": PIXELS[0], "y": LABELS},
         ("{path}: array 'x': the array has shape (2, 2); (rows, 2, 2, 1) was expected.\n"
         "  For a single row, add a first axis: `x[None]`.")),
        (IMAGES, {"x": PIXELS * 1.0, "y": LABELS},
         ("{path}: array 'x': the pixels are fractions beyond 0 to 1; fractions from 0 to 1 or "
         "whole numbers from 0 to 16 (an integer dtype) were expected.")),
        (IMAGES, {"x": PIXELS.astype(int) + 1, "y": LABELS},
         "{path}: array 'x': 17 is no pixel; whole numbers from 0 to 16 were expected."),
        (IMAGES, {"x": PIXELS[:0], "y": LABELS[:0]},
         "{path}: array 'x': the array is empty: shape (0, 2, 2)."),
        (FLOWERS, {"x": REAL.astype(complex), "y": np.array(["rose", "iris"])},
         "{path}: array 'x': the array holds complex128; numbers were expected."),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_errors(write, spec, arrays, message):
    """The message names the file, the array and its shape."""
    path = write(arrays, "new.npz")
    with pytest.raises(DataError) as error:
        read_samples(path, spec, with_target=True)
    assert str(error.value) == message.format(path=path)


def test_color_channels_in_another_place_are_not_reshaped_silently(write):
    """(3, 4, 4) has as many entries as (4, 4, 3), but other pixels."""
    path = write({"x": np.zeros((2, 3, 4, 4))}, "new.npz")
    with pytest.raises(DataError, match=r"\(2, 3, 4, 4\); \(rows, 4, 4, 3\) was expected"):
        read_samples(path, Spec((4, 4, 3)), with_target=False)


def test_an_npy_file_has_no_targets(write):
    """Evaluating needs an `.npz` or a CSV file."""
    path = write(PIXELS, "new.npy")
    with pytest.raises(DataError) as error:
        read_samples(path, IMAGES, with_target=True)
    assert str(error.value) == (
        f"{path}: a .npy file has no targets; a .npz file with x and y was expected."
    )


def test_arrays_come_in_chunks(write, monkeypatch):
    """Rows keep their order and their targets from chunk to chunk."""
    monkeypatch.setattr(array_samples, "ENTRIES_PER_CHUNK", 9)
    x = np.arange(10.0).reshape(5, 2)
    path = write({"x": x, "y": x[:, :1]}, "new.npz")
    with open_samples(path, REGRESSION, with_target=True) as file:
        chunks = list(file.chunks)
    assert [len(chunk) for chunk in chunks] == [4, 1]
    assert np.concatenate([chunk.x for chunk in chunks]).tolist() == x.tolist()
    assert np.concatenate([chunk.y for chunk in chunks]).tolist() == x[:, :1].tolist()


def test_a_long_csv_file_stays_within_bounded_memory(write, monkeypatch):
    """Sixteen times the rows take no more memory."""
    monkeypatch.setattr(tables, "CELLS_PER_CHUNK", 2**12)
    peaks = []
    for repeats in (1, 16):
        path = write("length,width\n" + "1.25,2.5\n" * 4096 * repeats)
        tracemalloc.start()
        with open_samples(path, FLOWERS, with_target=False) as file:
            assert sum(len(chunk) for chunk in file.chunks) == 4096 * repeats
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def fail_to_write(_samples):
    raise OSError(28, "No space left on device")


def test_errors_of_the_reader_of_the_rows_are_not_taken_for_errors_of_the_file(write):
    """A disk that is full while predictions are written is not the input's fault."""
    with (
        pytest.raises(OSError, match="No space left"),
        open_samples(write("length,width\n1,2\n"), FLOWERS, with_target=False) as file,
    ):
        fail_to_write(next(file.chunks))
