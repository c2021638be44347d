"""Image files of all kinds become the pixels that they show, or are named with the reason."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from dlrun.arrays import ImageForm
from dlrun.data import image_decoding
from dlrun.data.image_decoding import Decoder, decode_files, keep_pixels
from dlrun.errors import DlrunError
from tests.pictures import CORNERS, encoded, grey_modes, two_hundred


def decode(contents, folder, *, shape=CORNERS.shape, resize=None):
    """Write files and read them: the pixels, and what is bad by name."""
    files = []
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        files.append(str(folder / name))
    form = ImageForm("rgb" if shape[2] == 3 else "gray", resize)
    with Decoder(form, files=len(files), on_disk=False) as decoder:
        bad = decoder.decode(files, shape[:2])
        pixels = decoder.rows(len(files), shape)[:]
    names = [*contents]
    return dict(zip(names, pixels, strict=True)), {names[place]: why for place, why in bad.items()}


def test_two_hundred_odd_and_broken_files_are_read_right_or_named(tmp_path):
    """None of them ends the others, or stands for another."""
    contents, shown, bad = two_hundred()
    pixels, named = decode(contents, tmp_path)
    for name, tolerance in shown.items():
        assert name not in named, named[name]
        assert np.abs(pixels[name].astype(int) - CORNERS).max() <= tolerance, name
    for name, said in bad.items():
        assert said in named[name], name
    assert len(named) > len(bad)
    assert all(named.values())


def test_grey_pixels_of_other_kinds(tmp_path):
    """Of 16 bits the upper 8 are taken, as TensorFlow does; what is clear is white."""
    found = grey_modes()
    pixels, bad = decode({name: one for name, (one, _) in found.items()}, tmp_path,
                         shape=(16, 16, 1))  # fmt: skip
    assert not bad
    for name, (_, shown) in found.items():
        assert np.abs(pixels[name][..., 0].astype(int) - shown).max() <= 1, name
    sixteen = pixels["sixteen.png"][..., 0]
    assert (sixteen == grey_modes()["sixteen.png"][1]).all()


def test_colours_become_grey_as_in_tensorflow(tmp_path):
    """By the weights of ITU-R 601-2: 0.299, 0.587 and 0.114."""
    image = encoded(Image.fromarray(CORNERS), "PNG")
    pixels, _ = decode({"a.png": image}, tmp_path, shape=(12, 12, 1))
    expected = CORNERS @ np.array([0.299, 0.587, 0.114])
    assert np.abs(pixels["a.png"][..., 0] - expected).max() <= 1


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_images_are_brought_to_a_size(resize, tmp_path):
    """A white image of 20 x 10 with a black left half, brought to 10 x 10."""
    array = np.full((10, 20, 3), 255, np.uint8)
    array[:, :10] = 0
    image = encoded(Image.fromarray(array), "PNG")
    pixels, bad = decode({"a.png": image}, tmp_path, shape=(10, 10, 3), resize=resize)
    assert not bad
    shown = pixels["a.png"][..., 0]
    assert shown[5, 0] == 0
    assert shown[5, 9] == 255
    assert (shown[0] == 0).all() == (resize == "pad")  # black above and below
    assert (shown[:, 4] < 128).all()
    assert (shown[4, 6:9] > 127).all()


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
def test_a_line_of_pixels_is_brought_to_a_size(resize, tmp_path):
    """However narrow an image is."""
    image = encoded(Image.new("RGB", (3000, 1), (9, 9, 9)), "PNG")
    pixels, bad = decode({"a.png": image}, tmp_path, shape=(6, 4, 3), resize=resize)
    assert not bad
    assert pixels["a.png"].max() == 9


def test_the_pixels_do_not_depend_on_the_number_of_processes(tmp_path, monkeypatch):
    """The rows are those of the files, whoever reads them, in memory or on the disk."""
    monkeypatch.setattr(image_decoding, "PER_WORKER", 3)
    monkeypatch.setattr(image_decoding, "PER_REQUEST", 2)
    files = []
    for number in range(20):
        path = tmp_path / f"{number}.png"
        Image.new("L", (3, 3), number).save(path)
        files.append(str(path))
    for on_disk in (False, True):
        with Decoder(ImageForm("gray", None), files=20, on_disk=on_disk) as decoder:
            assert len(decoder._workers) == min(7, len(os.sched_getaffinity(0)))
            assert not decoder.decode(files, (3, 3))
            pixels = decoder.rows(20, (3, 3, 1))
        assert pixels[:][:, 0, 0, 0].tolist() == [*range(20)]


def test_a_decoder_that_crashes_names_its_file(tmp_path, monkeypatch):
    """The others are read."""
    program = tmp_path / "worker.py"
    text = image_decoding.WORKER.read_text()
    begin = "    descriptor = os.open("
    assert begin in text
    crash = f'    if "killer" in path:\n        os.abort()\n{begin}'
    program.write_text(text.replace(begin, crash))
    monkeypatch.setattr(image_decoding, "WORKER", program)
    image = encoded(Image.fromarray(CORNERS), "PNG")
    pixels, bad = decode({"a.png": image, "killer.png": image, "z.png": image}, tmp_path)
    assert bad == {"killer.png": "the decoder crashed"}
    assert (pixels["z.png"] == CORNERS).all()


def test_a_process_that_does_not_start_is_told(tmp_path, monkeypatch):
    """As where Pillow is missing."""
    (tmp_path / "worker.py").write_text("import no_such_module")
    monkeypatch.setattr(image_decoding, "WORKER", tmp_path / "worker.py")
    with pytest.raises(DlrunError, match="does not start"):
        decode({"a.png": b""}, tmp_path)


def test_pipes_and_devices_are_no_images(tmp_path):
    """Nobody waits for one."""
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to("/dev/zero")
    files = [str(tmp_path / name) for name in ("pipe.png", "link.png", "gone.png")]
    with Decoder(ImageForm("rgb", None), files=3, on_disk=False) as decoder:
        bad = decoder.decode(files, (3, 3))
    assert [*bad.values()] == ["this is no file", "this is no file", "No such file or directory"]


@pytest.mark.parametrize("limit", ["1000", "0"])
def test_a_process_that_keeps_pixels_decodes_what_has_changed(limit, tmp_path, monkeypatch):
    """What is kept is what would be decoded: files are looked at, and the form and size count."""
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", limit)
    monkeypatch.setattr(image_decoding, "_kept", None)
    decoded = []
    monkeypatch.setattr(Decoder, "decode", lambda self, files, size, decode=Decoder.decode: (
        decoded.append(len(files)) or decode(self, files, size)))  # fmt: skip
    files = [str(tmp_path / f"{number}.png") for number in range(3)]
    for file in files:
        Image.fromarray(CORNERS).save(file)

    def read(form=ImageForm("rgb", "stretch"), size=(12, 12)):  # noqa: B008 - it is frozen
        found = decode_files(files, form, size, where=tmp_path)
        assert found.rows[:].shape == (3, *found.shape)
        return found

    read(), read()
    assert decoded == [3, 3]  # nobody has asked for them to be kept
    keep_pixels()
    first = read()
    assert np.array_equal(read().rows[:], first.rows[:])
    assert read(size=None).shape == (12, 12, 3)
    assert read(ImageForm("gray", "stretch")).shape == (12, 12, 1)
    assert decoded == [3] * 5
    read(ImageForm("gray", "stretch"))
    assert decoded == [3] * 5
    Image.fromarray(255 - CORNERS).save(files[1])
    os.utime(files[1], (0, 0))
    assert np.array_equal(read().rows[:][1], 255 - CORNERS)
    (tmp_path / "2.png").unlink()
    assert read().bad == {2: "No such file or directory"}
    assert decoded == [3] * 7
