"""Files with weights: what Keras writes is read, and whatever else a file may hold is refused."""

import io
import shutil

import h5py
import numpy as np
import pytest

from dlrun.errors import DataError
from dlrun.models.weight_files import LayerOfNetwork, Stored, read_hdf5, read_tensors
from dlrun.rundir.tensors import save_tensors

LAYERS = (
    LayerOfNetwork("image", "InputLayer", ()),
    LayerOfNetwork("first", "Conv2D", (Stored("first/kernel", (3, 3, 1, 2), "float32"),)),
    LayerOfNetwork(
        "norm",
        "BatchNormalization",
        tuple(
            Stored(f"norm/{name}", (2,), "float32")
            for name in ("gamma", "beta", "moving_mean", "moving_variance")
        ),
    ),
    LayerOfNetwork(
        "second",
        "Conv2D",
        (Stored("second/kernel", (1, 1, 2, 5), "float32"), Stored("second/bias", (5,), "float32")),
    ),
)
WEIGHTS = [one for layer in LAYERS for one in layer.weights]


def network():
    """The network of `LAYERS`, in Keras, with weights that are all different."""
    from dlrun.backend import keras

    image = keras.Input((8, 8, 1), name="image")
    x = keras.layers.Conv2D(2, 3, use_bias=False, name="first")(image)
    x = keras.layers.BatchNormalization(name="norm")(x)
    built = keras.Model(image, keras.layers.Conv2D(5, 1, name="second")(x))
    generator = np.random.default_rng(0)
    built.set_weights([generator.normal(size=one.shape) for one in built.get_weights()])
    return built


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The files that Keras writes of the network, by their form, and its weights by path."""
    from keras.src.legacy.saving import legacy_h5_format

    folder, built = tmp_path_factory.mktemp("weights"), network()
    built.save_weights(folder / "new.weights.h5")
    with h5py.File(folder / "old.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, built)
    with h5py.File(folder / "whole.h5", "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file.create_group("model_weights"), built)
    return folder, {one.path: one.numpy() for one in built.weights}


def read(path, layers=LAYERS):
    """Read the weights of a file of Keras."""
    with path.open("rb") as stream:
        return read_hdf5(stream, layers, str(path))


@pytest.mark.parametrize("name", ["new.weights.h5", "old.h5", "whole.h5"])
def test_what_keras_writes_is_read(stored, name):
    folder, expected = stored
    found = read(folder / name)
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[path], expected[path]) for path in expected)
    assert {one.dtype for one in found.values()} == {np.dtype("float32")}


@pytest.fixture
def changed(stored, tmp_path):
    """Return what copies a file, lets it be changed, and reads it: what it says, or None."""

    def change(name, edit):
        path = tmp_path / name
        shutil.copyfile(stored[0] / name, path)
        with h5py.File(path, "r+") as file:
            edit(file)
        try:
            read(path)
        except DataError as error:
            return f"{error.where}: {error.what}".removeprefix(f"{path}: ")
        return None

    return change


def replaced(place, **arguments):
    """What puts another array in the place of one."""

    def edit(file):
        del file[place]
        file.create_dataset(place, **arguments)

    return edit


KERNEL, OLD_KERNEL = "layers/conv2d/vars/0", "first/first/kernel"
SHAPE = (3, 3, 1, 2)


def soft(file):
    """Let a weight be a link within the file."""
    del file[KERNEL]
    file[KERNEL] = h5py.SoftLink("/layers/conv2d_1/vars/0")


def external(file):
    """Let a weight be a link to another file."""
    del file[KERNEL]
    file[KERNEL] = h5py.ExternalLink("/etc/hostname", "/anything")


def group_elsewhere(file):
    """Let all layers lie in another file."""
    del file["layers"]
    file["layers"] = h5py.ExternalLink("/etc/hostname", "/")


def raw_outside(file):
    """Let the numbers of a weight be the bytes of another file."""
    replaced(KERNEL, shape=SHAPE, dtype="f4", external=[("/etc/passwd", 0, 72)])(file)


def virtual(file):
    """Let the numbers of a weight come from another file."""
    layout = h5py.VirtualLayout(shape=SHAPE, dtype="f4")
    layout[...] = h5py.VirtualSource("/etc/passwd", "x", shape=SHAPE)
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def references(file):
    """Let a weight hold references to objects."""
    replaced(KERNEL, shape=SHAPE, dtype=h5py.ref_dtype)(file)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (soft, "is a link to elsewhere"),
        (external, "is a link to elsewhere"),
        (group_elsewhere, "is a link to elsewhere"),
        (raw_outside, "lie outside of the file"),
        (virtual, "lie outside of the file"),
        (references, "no plain numbers"),
        (replaced(KERNEL, data=np.full(SHAPE, b"text")), "no plain numbers"),
        (replaced(KERNEL, data=np.zeros(SHAPE), compression="gzip"), "compressed or filtered"),
        (replaced(KERNEL, data=np.zeros(SHAPE), chunks=SHAPE, shuffle=True), "filtered"),
        (
            replaced(KERNEL, data=np.zeros(SHAPE), maxshape=(None,) * 4, chunks=(999, 9, 9, 9)),
            "in pieces that are larger",
        ),
        (replaced(KERNEL, data=np.zeros((3, 3, 1, 3))), "expected (3, 3, 1, 2)"),
        (replaced(KERNEL, shape=(2**20, 2**20), dtype="f4"), "'first/kernel' has the shape"),
        (replaced(KERNEL, data=1.0), "'first/kernel' has the shape ()"),
        (lambda file: file.__delitem__(KERNEL), "'first/kernel' is missing"),
        (lambda file: file.__delitem__("layers/conv2d_1"), "'second/kernel' is missing"),
        (lambda file: file.create_dataset("layers/conv2d/vars/1", data=[1.0]), "is not expected"),
        (lambda file: file.create_dataset("layers/dense/vars/0", data=[1.0]), "dense is not exp"),
        (lambda file: file.__delitem__("layers"), "is missing"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_file_of_keras_3_with_anything_else_is_refused(changed, edit, said):
    assert said in changed("new.weights.h5", edit)


def swapped(file):
    """Let the mean be stored where the scale is."""
    names = file["norm"].attrs["weight_names"]
    file["norm"].attrs["weight_names"] = [names[2], names[1], names[0], names[3]]


def names_of_references(file):
    """Let the names of the layers be references."""
    del file.attrs["layer_names"]
    file.attrs.create("layer_names", [file.ref], dtype=h5py.ref_dtype)


def many_names(file):
    """Let one name be as long as many."""
    del file.attrs["layer_names"]
    file.attrs["layer_names"] = np.zeros((3, 4))


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (swapped, "norm/norm/moving_mean in the place of norm/gamma is not expected"),
        (names_of_references, "'layer_names' is no list of names"),
        (many_names, "'layer_names' is no list of names"),
        (lambda file: file.__delitem__("second"), "weights of 2 layers; the network has 3"),
        (
            lambda file: file.attrs.__setitem__("layer_names", [b"first", b"first/first", b"norm"]),
            "weights of 2 layers",
        ),
        (
            lambda file: file["first"].attrs.__setitem__("weight_names", [b"../norm/norm/gamma"]),
            "'first/kernel' is missing",
        ),
        (replaced(OLD_KERNEL, data=np.zeros((3, 3, 2, 1))), "expected (3, 3, 1, 2)"),
        (
            replaced(OLD_KERNEL, shape=SHAPE, dtype="f4", external=[("/etc/passwd", 0, 72)]),
            "lie outside of the file",
        ),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_older_file_with_anything_else_is_refused(changed, edit, said):
    assert said in changed("old.h5", edit)


def test_names_cut_into_pieces_are_read(changed):
    """Keras cuts lists of names that are longer than HDF5 takes for an attribute."""

    def cut(file):
        names = file.attrs["layer_names"]
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:2], names[2:]

    assert changed("old.h5", cut) is None


def test_names_of_older_versions_are_not_asked_for(changed):
    """Keras 1 called the same weights otherwise; their order and their shapes tell them."""

    def rename(file):
        file.move("first/first/kernel", "first/convolution2d_1_W:0")
        file["first"].attrs["weight_names"] = [b"convolution2d_1_W:0"]

    assert changed("old.h5", rename) is None


@pytest.mark.parametrize("name", ["new.weights.h5", "old.h5"])
def test_a_damaged_file_gives_an_error_or_its_numbers(stored, name):
    """Cut anywhere, and with any byte turned, it ends in words."""
    content = (stored[0] / name).read_bytes()
    generator = np.random.default_rng(1)
    for number in range(150):
        damaged = bytearray(content)
        if number % 3 == 0:
            damaged = damaged[: generator.integers(9, len(damaged))]
        for place in generator.integers(8, len(damaged), size=3):
            damaged[place] = generator.integers(256)
        try:
            found = read_hdf5(io.BytesIO(bytes(damaged)), LAYERS, "file")
        except DataError:
            continue
        assert [one.shape for one in found.values()] == [one.shape for one in WEIGHTS]


def run_file(path, *layers, **others):
    """Write the weights of a run with such networks."""
    own = {
        f"{layer}/{one.path}": np.ones(one.shape, "float32") for layer in layers for one in WEIGHTS
    }
    save_tensors(path, own | others)
    return path


def test_the_weights_of_a_run_are_taken_by_the_name_of_the_layer(tmp_path):
    extra = {"head/kernel": np.zeros((5, 2), "float32")}
    path = run_file(tmp_path / "weights.safetensors", "base", "other", **extra)
    found = read_tensors(path, LAYERS, "base")
    assert [*found] == [one.path for one in WEIGHTS]


def test_the_only_network_of_a_run_may_have_another_name(tmp_path):
    path = run_file(tmp_path / "weights.safetensors", "mobilenet")
    assert len(read_tensors(path, LAYERS, "base")) == len(WEIGHTS)


@pytest.mark.parametrize(
    ("layers", "others", "said"),
    [
        (("a", "b"), {}, "has several layers with its weights: 'a', 'b'"),
        ((), {}, "holds no weights"),
        ((), {"base/a": np.zeros(3, "float32")}, "'base' has no 'first/kernel'"),
        (("base",), {"base/more": np.zeros(3, "float32")}, "'base' has 'more' besides"),
    ],
)
def test_a_run_without_such_a_network_is_refused(tmp_path, layers, others, said):
    path = run_file(tmp_path / "weights.safetensors", *layers, **others)
    with pytest.raises(DataError) as caught:
        read_tensors(path, LAYERS, "base")
    assert said in caught.value.what
    assert caught.value.where == str(path)


def test_a_shape_of_a_run_that_does_not_fit_is_told(tmp_path):
    others = {"base/first/kernel": np.zeros((3, 3, 3, 2), "float32")}
    path = run_file(tmp_path / "weights.safetensors", "base", **others)
    with pytest.raises(DataError, match=r"'base/first/kernel' has the shape \(3, 3, 3, 2\)"):
        read_tensors(path, LAYERS, "base")
