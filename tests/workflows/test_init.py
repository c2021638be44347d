"""`dlrun init --data` writes a config for a table that trains as it is."""

import json
import re

import numpy as np
import pytest

from dlrun.config import load_config
from dlrun.errors import DataError
from dlrun.workflows.init import init
from tests.conftest import TITANIC, needs_titanic
from tests.pictures import draw

pytestmark = pytest.mark.usefixtures("eagerly")  # what a config says, not how it is trained


@needs_titanic
def test_what_titanic_is_told(dlrun, tmp_path, monkeypatch):
    """The column that tells the target is left out, with the reason; choices have their counts."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(TITANIC.parent)
    options = ("--target", "survived", "-o", "new/t.yaml")
    done = dlrun("init", "--data", f"data/{TITANIC.name}", *options)
    assert done.out == "new/t.yaml\n"
    err = done.err
    assert "warning: column 'alive' tells the target 'survived'" in err
    assert err.endswith("Train it with: dlrun train new/t.yaml\n")
    text = (tmp_path / "new" / "t.yaml").read_text()
    assert f"  path: ../data/{TITANIC.name}\n" in text
    assert re.search(
        r"^    alive: ignore +# tells survived: alone it tells 100 %", text, re.MULTILINE
    )
    assert re.search(r"^    age: .* # 0.42 to 80, median 28; 19.9 % missing$", text, re.MULTILINE)
    experiment = load_config(tmp_path / "new" / "t.yaml")
    assert experiment.dataset.arguments["columns"]["alive"] == {"type": "ignore"}
    assert experiment.loss.type == "BinaryCrossentropy"


def table_of(tmp_path, header, row, rows=120):
    """A table with a function of the number of the row."""
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *map(row, range(rows))]) + "\n")
    return path


def drafted(path, *targets):
    """The experiment that a draft is read as, and its text."""
    draft = init(path, targets, path.with_suffix(".yaml"))
    path.with_suffix(".yaml").write_text(draft.text)
    return load_config(path.with_suffix(".yaml")), draft


@pytest.mark.parametrize(
    ("target", "loss", "units"),
    [
        ("two", "BinaryCrossentropy", 1),
        ("three", "SparseCategoricalCrossentropy", 3),
        ("number", "MeanSquaredError", 1),
        ("yes", "BinaryCrossentropy", 1),
    ],
)
def test_loss_and_last_layer_fit_the_target(tmp_path, dlrun, target, loss, units):
    """And the config trains as it is."""
    path = table_of(
        tmp_path,
        "a,b,two,three,number,yes",
        lambda n: (
            f"{n * 7 % 31},{'uvw'[n % 3]},{n % 2},{'xyz'[n * 5 % 3]},"
            f"{n * 37 % 113 * 1000.5},{'yes' if n % 5 else 'no'}"
        ),
    )
    experiment, _ = drafted(path, target)
    assert experiment.loss.type == loss
    assert experiment.model.layers[-1].arguments["units"] == units
    run = dlrun("train", path.with_suffix(".yaml"), "--set", "training.epochs=2", "--no-report").run
    assert set(json.loads((run / "metrics.json").read_text())) >= {"train", "validation", "test"}


@pytest.mark.slow
def test_several_targets(tmp_path, dlrun):
    """Yes and no are labels, numbers a regression of several."""
    path = table_of(
        tmp_path,
        "x,p,q,u,v",
        lambda n: f"{n * 7 % 31},{n % 2},{n // 2 % 2},{n * 37 % 113 + 0.5},{n * 31 % 97 + 0.5}",
    )
    labels, _ = drafted(path, "p", "q")
    assert labels.loss.type == "BinaryCrossentropy"
    assert labels.model.layers[-1].arguments["units"] == 2
    dlrun("train", path.with_suffix(".yaml"), "--set", "training.epochs=2", "--no-report")
    numbers, draft = drafted(path, "u", "v")
    assert numbers.loss.type == "MeanSquaredError"
    assert "target_scale: standard" in draft.text
    dlrun("train", path.with_suffix(".yaml"), "--set", "training.epochs=2", "--no-report")


def test_targets_that_do_not_go_together(tmp_path):
    """Several are labels or numbers, no mixture; few whole numbers beside others are numbers."""
    path = table_of(
        tmp_path,
        "x,label,price,rooms,city",
        lambda n: (
            f"{n * 7 % 31},{'yes' if n % 3 else 'no'},{n * 37 % 113 + 0.5},{n % 4},{'abc'[n % 3]}"
        ),
    )
    numbers, draft = drafted(path, "rooms", "price")
    assert numbers.loss.type == "MeanSquaredError"
    assert "# 2 numbers" in draft.text
    for pair in [("price", "city"), ("label", "price"), ("city", "label"), ("rooms", "label")]:
        with pytest.raises(DataError, match=f"the targets '{pair[0]}', '{pair[1]}' do not go"):
            init(path, pair, None)


def test_a_target_of_many_classes(tmp_path):
    """All of them are counted, more than a column shows; ids are no classes."""
    path = table_of(tmp_path, "x,city,code", lambda n: f"{n * 7 % 31},c{n % 30},id{n}", rows=600)
    experiment, draft = drafted(path, "city")
    assert experiment.model.layers[-1].arguments["units"] == 30
    assert "# 30 classes: c0 3.3 %, c1 3.3 %" in draft.text
    assert "'c0' in 20 rows, 'c1' in 20 rows, 'c10' in 20 rows and 27 more" in draft.remarks[0]
    with pytest.raises(DataError, match="'code' has another value in each row"):
        init(path, ["code"], None)


def test_a_table_of_targets_alone(tmp_path):
    """Nothing is left to learn from."""
    path = table_of(tmp_path, "y", lambda n: f"{n % 7}.5")
    with pytest.raises(DataError, match="no column is left to tell the target by"):
        init(path, [], None)


def test_a_table_whose_columns_are_all_left_out(tmp_path):
    """No config of it could train."""
    path = table_of(tmp_path, "code,same,y", lambda n: f"id{n},1,{n % 2}", rows=200)
    told = r"left out are 'code', an id: no value comes twice, 'same', "
    with pytest.raises(DataError, match=told):
        init(path, ["y"], None)


def test_a_wide_range_of_positive_targets_is_learned_by_its_logarithm(tmp_path):
    """Prices, say."""
    path = table_of(tmp_path, "x,price", lambda n: f"{n * 7 % 31},{10 ** (n * 37 % 113 / 28):.2f}")
    experiment, _ = drafted(path, "price")
    assert experiment.dataset.target_scale == "log"


def test_groups_and_times(tmp_path, dlrun):
    """A group stays in one split; a time is a hint."""
    path = table_of(
        tmp_path,
        "patient,day,x,y",
        lambda n: f"p{n // 4:03},2020-{n // 28 + 1:02}-{n % 28 + 1:02},{n * 7 % 31},{n % 2}",
    )
    experiment, draft = drafted(path, "y")
    assert "split_by: {group: patient}" in draft.text
    assert experiment.dataset.split_by is not None
    dlrun("train", path.with_suffix(".yaml"), "--set", "training.epochs=1", "--no-report")
    path = table_of(
        tmp_path, "day,x,y", lambda n: f"2020-{n // 28 + 1:02}-{n % 28 + 1:02},{n * 7 % 31},{n % 2}"
    )
    _, draft = drafted(path, "y")
    assert "# split_by: {time: day}" in draft.text


def test_without_target_the_last_column_is_taken_and_said(tmp_path):
    """The others are named."""
    path = table_of(tmp_path, "a,b,y", lambda n: f"{n % 7},{n % 5},{n % 2}")
    _, draft = drafted(path)
    assert draft.remarks[0] == (
        "the last column, 'y', is taken for the target; --target names another: a, b"
    )


def test_names_that_yaml_reads_otherwise(tmp_path, dlrun):
    """No text of a table becomes YAML, in a name or in a comment."""
    names = ["null", "a: b", "x # y", "[1", "yes", "it's", "{k}", "3x"]
    header = ",".join(f'"{name}"' for name in names) + ",y"
    path = table_of(
        tmp_path,
        header,
        lambda n: (
            ",".join(["# v: [" if n % 3 else "b", *[str(n * k % 31) for k in range(1, 8)]])
            + f",{n % 2}"
        ),
    )
    experiment, _ = drafted(path, "y")
    assert [*experiment.dataset.arguments["columns"]] == names
    dlrun("train", path.with_suffix(".yaml"), "--set", "training.epochs=1", "--no-report")


def test_what_is_refused(dlrun, tmp_path):
    """A template and a table, a target of nothing, one class, no such column, a file in the way."""
    path = table_of(tmp_path, "x,y,c", lambda n: f"{n % 7},{n % 2},1")
    assert "Give only one of them." in dlrun("init", "images", "--data", path, code=2).err
    told = "are two things to begin with.\n  `-o a.yaml` names a file to write.\n"
    assert told in dlrun("init", "a.yaml", "--data", path, code=2).err
    assert "--data, which is not given" in dlrun("init", "--target", "y", code=2).err
    assert "nothing can be learned" in dlrun("init", "--data", path, "--target", "c", code=3).err
    assert "there is no column 'z'" in dlrun("init", "--data", path, "--target", "z", code=2).err
    (tmp_path / "mine.yaml").write_text("mine")
    told = dlrun("init", "--data", path, "-t", "y", "-o", tmp_path / "mine.yaml", code=2).err
    assert "--force" in told
    assert (tmp_path / "mine.yaml").read_text() == "mine"


def test_columns_without_a_name_are_not_read(tmp_path, dlrun):
    """The index that pandas writes, or what stands behind a comma at the end of each row."""
    lines = [f"{n},{n * 7 % 31},{n % 2}," for n in range(60)]
    (tmp_path / "t.csv").write_text("\n".join([",x,y,", *lines]))
    dlrun("init", "--data", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "t.yaml")
    assert "  features: [x] " in (tmp_path / "t.yaml").read_text()
    assert dlrun("validate", tmp_path / "t.yaml").code == 0
    (tmp_path / "t.csv").write_text("\n".join(["x,x,y,z", *lines]))
    for words in (["data"], ["init", "--data"]):
        told = dlrun(*words, tmp_path / "t.csv", "-t", "y", code=3).err
        assert "column 'x' appears 2 times (columns 1, 2)" in told


def test_words_for_missing_values_among_numbers(tmp_path, dlrun):
    """They are said in the config, unless another column means something by them."""
    words = ("NA", "-", "N/A")
    lines = [f"{words[n % 3] if n % 4 == 0 else n * 7 % 31},k{n % 2},{n % 2}" for n in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["x,b,y", *lines]))
    made = dlrun("init", "--data", tmp_path / "t.csv", "-t", "y", "-o", tmp_path / "t.yaml")
    assert "read as missing values: " in made.err
    assert {*load_config(tmp_path / "t.yaml").dataset.arguments["missing_values"]} == {*words}
    assert dlrun("validate", tmp_path / "t.yaml").code == 0
    (tmp_path / "t.csv").write_text("\n".join(["x,b,y", *lines]).replace("k0", "NA"))
    made = dlrun("init", "--data", tmp_path / "t.csv", "-t", "y").out
    assert "  missing_values: [" in made
    assert "NA" not in re.search(r"missing_values: (.*)", made)[1].replace("N/A", "")


def test_how_a_file_is_read(tmp_path, dlrun):
    """Keys of a dataset, which the config has too; without them the way out is named."""
    path = tmp_path / "t.csv"
    rows = (f"{n * 7 % 31},{n % 10};{'-999' if n % 9 == 0 else n % 7};{n % 2}" for n in range(99))
    path.write_text("\n".join(["a;b;y", *rows]))
    told = 'is a number with decimal: ","; read it with `--set decimal=,`.'
    assert told in " ".join(dlrun("data", path).out.split())
    assert told in dlrun("init", "--data", path).err
    settings = ("--set", "decimal=,", "--set", "missing_values=[-999]")
    text = dlrun("init", "--data", path, "-t", "y", *settings).out
    assert '  decimal: ","\n  missing_values: [-999]\n' in text
    assert "    b: {type: number, missing: flag}" in text
    assert re.search("^    a: number +# 0 to 30.4", text, re.MULTILINE)
    told = dlrun("init", "--data", path, "--set", "decimel=1", code=2).err
    assert "Did you mean 'decimal'?" in told


def test_a_target_that_is_not_read_as_numbers_is_refused(tmp_path, dlrun):
    """As classes it would be learned, of a thousand units; other columns are told in one line."""
    path = tmp_path / "t.csv"
    rows = [f"{n},5;{n * 7 % 11},25;1.{100 + n},5;{n % 2};{n % 40},{n % 3}" for n in range(99)]
    path.write_text("\n".join(["a;b;c;k;y", *rows]))
    made = dlrun("init", "--data", path, "-o", tmp_path / "c.yaml", code=3)
    assert made.err.endswith(
        f"error: {path}: the target 'y' has numbers that are written otherwise: '1.100,5' is a "
        'number with decimal: "," and thousands: ".". As classes, nothing can be learned of them.\n'
        "  Read the file with `--set decimal=, --set thousands=.`.\n"
    )
    assert not (tmp_path / "c.yaml").exists()
    told = dlrun("init", "--data", path, "-t", "k").err
    assert told == (
        "warning: columns 'a', 'b', 'c', 'y' have numbers that are written otherwise: '1.100,5' is "
        'a number with decimal: "," and thousands: "."; read them with `--set decimal=, --set '
        "thousands=.`.\n"
    )
    read = ("--set", "decimal=,", "--set", "thousands=.")
    assert "numbers from 0 to 39.1" in dlrun("init", "--data", path, *read).out
    path.write_text(path.read_text().replace(";y\n", ";y\n" + 9 * "x;x;x;1;low\n"))
    dlrun("init", "--data", path)  # not all of them are numbers


def test_no_key_is_named_that_loses_other_numbers(tmp_path, dlrun):
    """Of a target with decimal commas beside columns with points the cells are to be mended."""
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a;y", *(f"{n}.5;{n * 7 % 11},5" for n in range(60))]))
    assert dlrun("init", "--data", path, code=3).err == (
        f"error: {path}: the target 'y' has numbers that are written otherwise: '0,5'. As classes, "
        "nothing can be learned of them.\n  Write decimals with a point: 0.5.\n"
    )
    assert "--set decimal" not in dlrun("data", path, "--target", "y").err


@pytest.mark.parametrize(
    ("cells", "settings", "told"),
    [
        (("0,5", "1.234,5"), ["decimal=,"], "'1.234,5' is a number with thousands: \".\""),
        (("0.5", "1,234.5"), [], "'1,234.5' is a number with thousands: \",\""),
        (("0.5", "1,5"), [], "others are '1,5': write decimals with a point: 1.5"),
    ],
)
def test_good_numbers_are_not_taken_for_missing_ones(cells, settings, told, tmp_path, dlrun):
    """One of sixty that is written otherwise than the others."""
    usual, odd = cells
    rows = [f"{n}{usual};{n % 2}" for n in range(59)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a;y", *rows, f"{odd};1"]))
    options = [word for one in settings for word in ("--set", one)]
    out = " ".join(dlrun("data", path, *options).out.split())
    assert f"59 of 60 values are numbers; {told}" in out
    assert "missing_values" not in out


def test_an_easy_target_is_no_leak(tmp_path):
    """Where most columns tell it, none is left out."""
    path = table_of(tmp_path, "a,b,c,y", lambda n: f"{n},{-n},{n * 7 % 31},{int(n > 60)}")
    experiment, _ = drafted(path, "y")
    assert {"type": "ignore"} not in experiment.dataset.arguments["columns"].values()


def test_a_text_that_is_no_utf_8(tmp_path, dlrun):
    """What says its encoding is the option of these commands; of others it is the config's key."""
    path = tmp_path / "t.csv"
    path.write_bytes("größe,y\n1,2\n2,3\n3,2\n".encode("latin-1"))
    for command in (("data",), ("init", "--data")):
        assert dlrun(*command, path, code=3).err == (
            f"error: {path}:1: byte 0xf6 is not UTF-8 text.\n"
            "  Save it as UTF-8, or say what it is, as with `--set encoding=latin-1`.\n"
        )
        assert dlrun(*command, path, "--set", "encoding=latin-1").code == 0


def test_times_that_are_equally_far_apart(tmp_path, dlrun):
    """A series is told, though a step is missing, and of each key; where many are none is."""
    days = [f"2024-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(28)]
    rows = [f"{day},{n * 7 % 31}" for n, day in enumerate(days)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["day,sold", *rows]))
    told = (
        "'day' goes on in steps of 1 day, as a series does: `type: series` with time: day "
        "foretells the next step, see `dlrun init --data --series`."
    )
    assert told in dlrun("init", "--data", path).err
    assert told in " ".join(dlrun("data", path).out.split())
    shops = [f"{day},{shop},{n * 7 % 31}" for n, day in enumerate(days) for shop in ("a", "b")]
    path.write_text("\n".join(["day,shop,sold", *shops]))
    told = (
        "'day' goes on in steps of 1 day for each 'shop', as a series does: `type: series` with "
        "time: day, key: shop foretells the next step"
    )
    assert told in " ".join(dlrun("data", path, "--target", "sold").out.split())
    del rows[9]
    path.write_text("\n".join(["day,sold", *rows]))
    assert "in steps of 1 day, as" in " ".join(dlrun("data", path).out.split())
    path.write_text("\n".join(["day,sold", *rows[:12], *rows[15:]]))
    assert "in steps of" not in dlrun("data", path).out


def test_a_folder_of_something_else(tmp_path, dlrun):
    """Says what lies there, and what was expected."""
    home = tmp_path / "data"
    for name in ("a", "b"):
        (home / name).mkdir(parents=True)
        (home / name / "1.pdf").write_bytes(b"%PDF-1.4")
        (home / name / "noted").write_bytes(b"x")
    assert dlrun("init", "--data", home, code=3).err == (
        f"error: {home}: no image and no text (.txt) was found among its 4 files: "
        "2 .pdf, 2 without ending.\n"
        "  Give a folder with a folder of images, or of texts, for each class; or one table.\n"
    )
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose" / "a.pdf").touch()
    assert dlrun("init", "--data", tmp_path / "loose", code=3).err == (
        f"error: {tmp_path}/loose: there is no image, and no folder of a class, but 'a.pdf'.\n"
        "  Make a folder for each class, and put its images into it.\n"
    )
    assert dlrun("data", home, code=3).err == dlrun("init", "--data", home, code=3).err


def test_few_rows_of_a_table_stop_when_little_improves(tmp_path):
    """An epoch is a step or two; of more rows any improvement counts."""
    for rows, least in ((40, "min_delta: 0.001, "), (300, "")):
        lines = [f"{row * 7 % 31},{row * 5 % 11},{row % 2}" for row in range(rows)]
        (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *lines]))
        _, draft = drafted(tmp_path / "t.csv", "y")
        assert f"patience: 20, {least}restore_best_weights: true" in draft.text


def test_a_folder_of_tables(tmp_path, dlrun):
    """How they are named."""
    (tmp_path / "part.csv").write_text("x,y\n1,2\n")
    for command in (("data",), ("init", "--data")):
        assert dlrun(*command, tmp_path, code=3).err == (
            f"error: {tmp_path}: this is a directory; a file was expected.\n"
            f"  Name the files in it: '{tmp_path}/*.csv'.\n"
        )


@pytest.mark.parametrize(
    ("sizes", "line"),
    [
        ([(8, 6)] * 4, "[8, 6]  # height and width: that of all images"),
        ([(99, 99), (8, 6), (8, 6)], "[8, 6]  # height and width: that of 2 of 3 images looked at"),
        (
            [(8, 6), (10, 9), (300, 20)],
            (
                "[10, 9]  # height and width: the median; 3 images looked at are 8 to 300 high, "
                "6 to 20 wide"
            ),
        ),
        (
            [(100, 256)] * 2,
            (
                "[50, 128]  # height and width: that of all images; of 100 x 256 pixels, the "
                "longer side 128"
            ),
        ),
    ],
)
def test_the_size_of_images_is_that_of_the_files(tmp_path, sizes, line):
    """And the config says whence it is."""
    for number, size in enumerate(sizes):
        draw(tmp_path / "data" / "ab"[number % 2] / f"{number}.png", np.zeros(size, np.uint8))
    text = init(tmp_path / "data", (), None).text
    assert f"  size: {line}\n" in re.sub(" +#", "  #", text)


@pytest.mark.parametrize(
    ("files", "epochs", "patience"), [(14, 1000, 60), (100, 334, 45), (2000, 60, 8)]
)
def test_few_images_are_seen_often_enough(tmp_path, files, epochs, patience):
    """In 1,000 steps at most, where 60 epochs would be fewer: ceil(0.68 n / 32) steps an epoch."""
    image = tmp_path / "one.png"
    draw(image, np.zeros((4, 4), np.uint8))
    for number in range(files):
        folder = tmp_path / "data" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").hardlink_to(image)
    text = init(tmp_path / "data", (), None).text
    assert f"  epochs: {epochs} " in text
    assert f"patience: {patience}, min_delta: 0.001," in text
    assert f"not improved by 0.001 for {patience} epochs" in text


def test_columns_that_are_not_written_down_are_scaled(tmp_path, dlrun):
    """Of more than 200 the kinds are left to their values, not their scale."""
    names = [f"c{number}" for number in range(201)]
    values = np.random.default_rng(0).integers(0, 99, (40, 202))
    lines = [",".join(map(str, row)) for row in values.tolist()]
    (tmp_path / "t.csv").write_text("\n".join([",".join([*names, "y"]), *lines]))
    text = dlrun("init", "--data", tmp_path / "t.csv", "-t", "y").out
    assert "    # 201 columns are told by their values: see `dlrun data`." in text
    assert re.search("^  scale: standard ", text, re.MULTILINE)


def test_what_is_no_number_among_numbers(tmp_path, dlrun):
    """`nan` and `inf` are said to be missing: with them the config could not be trained."""
    lines = [f"{'inf' if n == 3 else 'nan' if n == 5 else n * 7 % 31},{n % 2}" for n in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *lines]))
    made = dlrun("init", "--data", tmp_path / "t.csv", "-o", tmp_path / "t.yaml")
    assert "read as missing values: inf, nan" in made.err
    assert {*load_config(tmp_path / "t.yaml").dataset.arguments["missing_values"]} == {"inf", "nan"}
    assert (
        dlrun("train", tmp_path / "t.yaml", "--set", "training.epochs=0", "-q", "--no-report").code
        == 0
    )


@pytest.mark.parametrize("target", ["ab", "01"], ids=["names", "numbers"])
def test_what_is_no_value_in_a_target(target, tmp_path, dlrun):
    """Training refuses it, so it is no third class."""
    lines = [f"{n * 7 % 31},{'NaN' if n == 5 else target[n % 2]}" for n in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *lines]))
    told = " ".join(dlrun("data", tmp_path / "t.csv", "-t", "y").out.split())
    assert (
        "warning: the target 'y' says 'NaN' in 1 row, which is no value: read it as missing with "
        "`--set 'missing_values=[NaN]'`."
    ) in told
    assert "are rare" not in told
    made = dlrun("init", "--data", tmp_path / "t.csv", "-o", tmp_path / "t.yaml")
    assert "read as missing values: NaN" in made.err
    text = (tmp_path / "t.yaml").read_text()
    assert "2 classes: " in text
    assert "binary_crossentropy" in text
    assert (
        dlrun("train", tmp_path / "t.yaml", "--set", "training.epochs=0", "-q", "--no-report").code
        == 0
    )


def test_sentences_that_come_several_times(tmp_path, dlrun):
    """Taken for classes, they are told to look like texts."""
    said = [f"the answer number {n} of all of them here" for n in range(58)]
    lines = [f"{said[n % 58]},{n % 7},{n % 2}" for n in range(300)]
    (tmp_path / "t.csv").write_text("\n".join(["review,x,y", *lines]) + "\n")
    told = " ".join(dlrun("data", "t.csv", "-t", "y").out.split())
    assert (
        "warning: column 'review' has 58 different values of 9.0 words on average: they look like "
        "texts, which `columns: {review: text}` reads by their words."
    ) in told
    assert "they look like texts" in " ".join(
        dlrun("init", "--data", "t.csv", "-t", "y", "-o", "c.yaml").err.split()
    )


@pytest.mark.parametrize("keys", [("",), ("a,", "b,")], ids=["one", "several"])
def test_a_config_of_a_series(keys, tmp_path, dlrun):
    """It can be trained as it is; what is no series gets none."""
    days = [f"2024-{1 + n // 28:02}-{1 + n % 28:02}" for n in range(28 * 6) if n % 28 < 28]
    days = [str(np.datetime64("2024-01-01") + n) for n in range(len(days))]
    rows = [f"{day},{key}{n * 7 % 31}" for n, day in enumerate(days) for key in keys]
    head = "day,shop,sold" if len(keys) > 1 else "day,sold"
    (tmp_path / "t.csv").write_text("\n".join([head, *rows]) + "\n")
    dlrun("init", "--data", "t.csv", "--series", "-o", "c.yaml")
    found = load_config(tmp_path / "c.yaml").dataset
    assert (found.type, found.arguments["time"], found.arguments["target"]) == (
        "series",
        "day",
        "sold",
    )
    assert found.arguments["key"] == ("shop" if len(keys) > 1 else None)
    assert (found.arguments["season"], found.arguments["window"]) == (7, 8)
    assert dlrun("train", "c.yaml", "--set", "training.epochs=1", "-q", "--no-report").code == 0
    (tmp_path / "t.csv").write_text("a,y\n1,2\n2,4\n3,4\n")
    assert dlrun("init", "--data", "t.csv", "--series", code=2).err == (
        "error: --series: no column of t.csv has times that go on in equal steps.\n"
        "  Leave it out, or sort out the times.\n"
    )


def _moments(step, count):
    """Times of so many steps: hours, days, weeks, months, quarters, years, or 2 days."""
    if step[1] == "M":
        months = np.datetime64("1990-01") + step[0] * np.arange(count)
        return [f"{month}-01" for month in months.astype(str)]
    first = np.datetime64("2020-01-01T00:00" if step[1] == "h" else "2020-01-01")
    return (first + np.arange(count) * np.timedelta64(*step)).astype(str)


@pytest.mark.parametrize(
    ("step", "count", "season"),
    [
        ((1, "h"), 96, 24),
        ((1, "D"), 28, 7),
        ((1, "M"), 48, 12),
        ((3, "M"), 20, 4),
        ((1, "D"), 27, None),  # less than four seasons
        ((1, "M"), 47, None),
        ((7, "D"), 90, None),
        ((12, "M"), 60, None),
        ((2, "D"), 90, None),
    ],
)
def test_a_usual_season_is_proposed(step, count, season, tmp_path, dlrun):
    """By the step, where series are long enough; the window is a season and one more."""
    window = 12 if season is None else season + 1
    rows = [f"{moment},{n * 7 % 31}" for n, moment in enumerate(_moments(step, count))]
    (tmp_path / "t.csv").write_text("\n".join(["when,sold", *rows]) + "\n")
    dlrun("init", "--data", "t.csv", "--series", "-o", "c.yaml")
    given = load_config(tmp_path / "c.yaml").dataset.arguments
    assert (given["season"], given["window"]) == (season, window)
    text = (tmp_path / "c.yaml").read_text()
    about = "; a season, and one more, is a good choice" if season is None else (
        ": a season, and one more")  # fmt: skip
    assert re.search(rf"^  window: {window} +# steps that are seen{about}$", text, re.MULTILINE)
    assert ("a baseline repeats the last ones" in text) == (season is not None)
    assert dlrun("validate", "c.yaml").code == 0
