"""Networks over the words of a text, through the command line."""

from __future__ import annotations

import csv
import io
import json
import re
import runpy

import numpy as np
import pytest

from dlrun.rundir.tensors import load_tensors
from tests.texts import reviews, write_folders, write_table

CONFIG = """\
dataset:
  type: table
  path: reviews.csv
  target: label
  columns: {review: {type: text, length: 9}}
  test_split: 0.25
model:
  layers:
    - {type: Embedding, output_dim: 4, mask_zero: true}
    - GlobalAveragePooling1D
    - {type: Dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.05}
metrics: [accuracy]
training: {epochs: 4, batch_size: 8}
exports: [predictions]
"""


@pytest.fixture
def table(tmp_path):
    """A table of texts, and a config that reads it."""
    write_table(tmp_path / "reviews.csv", reviews(64))
    (tmp_path / "reviews.yaml").write_text(CONFIG)
    return "reviews.yaml"


def answers(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_a_table_of_one_text_needs_no_names(table, dlrun, tmp_path):
    """`input` is its words; how many there are comes from the training rows."""
    trained = dlrun("train", table, "--no-report")
    assert "words of the training rows, numbered from 2 on" in trained.err
    spec = json.loads((trained.run / "spec.json").read_text())
    words = spec["columns"][0]["numbers"]["words"]
    (view,) = spec["views"]
    assert (view["name"], view["begin"], view["end"], view["ids"]) == ("input", 0, 9, True)
    weights = load_tensors(trained.run / "weights.safetensors", None)
    assert weights["embedding/embeddings"].shape == (len(words) + 2, 4)
    assert json.loads((trained.run / "metrics.json").read_text())["test"]["accuracy"] >= 0.875

    (tmp_path / "new.csv").write_text('review\n"A LOVED, loved film"\nhated it\nzxcv qwer\n')
    predicted = dlrun("predict", trained.run, "new.csv", "-o", "-")
    assert [row["predicted"] for row in answers(predicted.out)][:2] == ["pos", "neg"]
    told = "column 'review': 3 unknown words, 1 without a known word, of 3 rows"
    assert told in predicted.err  # it, zxcv, qwer


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("named", ["", ", inputs: [review]"])
def test_a_config_that_got_counts_of_words_before_is_told(table, dlrun, tmp_path, named):
    """It had to say how many there are; who leaves that to the data has never got anything else."""
    told = (
        "model.layers[0] (Embedding) reads the words of 'review' in their order, as numbers; "
        "dlrun before 30 November 2026 gave it how often each word stands there, and runs of then "
        "still get that"
    )
    words = ("--set", "training.epochs=1", "--no-report")
    assert "30 November" not in dlrun("train", table, *words).err
    path = tmp_path / table
    path.write_text(
        path.read_text().replace("output_dim: 4", f"input_dim: 90, output_dim: 4{named}")
    )
    trained = dlrun("train", table, *words)
    assert told in trained.err
    assert told in (trained.run / "log.txt").read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_a_named_text_is_read_beside_other_columns(dlrun, tmp_path):
    """As words in their order, as a bag, and beside a number; predicted by another order."""
    rows = [(n % 7, text, label) for n, (text, label) in enumerate(reviews(48))]
    with (tmp_path / "mixed.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("stars", "review", "label"), *rows])
    (tmp_path / "mixed.yaml").write_text("""\
dataset:
  type: table
  path: mixed.csv
  target: label
  columns: {review: {type: text, vocabulary: 12, length: 5, missing: empty}}
  validation_split: 0.25
model:
  layers:
    - {type: Embedding, inputs: [review], output_dim: 3}
    - {type: Conv1D, filters: 4, kernel_size: 2, activation: relu}
    - {type: GlobalMaxPooling1D, name: words}
    - {type: Concatenate, name: both, inputs: [words, review, input]}
    - {type: Dense, units: 2, activation: softmax}
loss: sparse_categorical_crossentropy
optimizer: adam
training: {epochs: 1}
exports: [predictions]
""")
    trained = dlrun("train", "mixed.yaml", "--report")
    spec = json.loads((trained.run / "spec.json").read_text())
    assert [(one["name"], one["begin"], one["end"]) for one in spec["views"]] == [
        ("input", 0, 1), ("review", 1, 13), ("review", 13, 18),
    ]  # fmt: skip
    assert spec["feature_names"][13:15] == ["review[0]", "review[1]"]
    importance = json.loads((trained.run / "report.json").read_text())["permutation_importance"]
    assert {one["column"] for one in importance["columns"]} == {"stars", "review"}
    one = dlrun("predict", trained.run, '3,"Great, great film"', "-o", "-").out
    (tmp_path / "new.csv").write_text('review,stars\n"Great, great film",3\n')
    assert dlrun("predict", trained.run, "new.csv", "-o", "-").out == one


@pytest.mark.slow
def test_exports_read_the_words_of_raw_texts(table, dlrun, tmp_path):
    """TensorFlow's operations, and NumPy alone, number words as the run did."""
    from dlrun.backend import tf

    exports = "exports=[saved_model,encoder,script]"
    trained = dlrun("train", table, "--set", exports, "--set", "training.epochs=1", "-q")
    texts = ["Loved, LOVED it's", "hated\tthe film " * 5, "Zürich's Ärger!?", "...", "the"]
    with (tmp_path / "new.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("review",), *((text,) for text in texts)])
    told = answers(dlrun("predict", trained.run, "new.csv", "-o", "-").out)
    expected = [float(row["probability_pos"]) for row in told]
    served = tf.saved_model.load(str(trained.run / "saved_model")).signatures["serving_default"]
    found = served(review=tf.constant(texts))["probabilities"].numpy()[:, 1]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    encode = runpy.run_path(str(trained.run / "encode.py"))
    (x,) = encode["encode"](encode["read"](tmp_path / "new.csv")).values()
    known = json.loads((trained.run / "spec.json").read_text())["columns"][0]["numbers"]["words"]
    numbers = {word: number for number, word in enumerate(known, 2)}
    assert x[0].tolist() == [numbers["loved"], numbers["loved"], numbers["its"], *[0] * 6]
    assert x[3].tolist() == [1, *[0] * 8]
    assert len(set(x[1].tolist())) == 3


LAYERS = """\
    - {type: Embedding, output_dim: 4, mask_zero: true}
    - GlobalAveragePooling1D
"""
NO_TEXT = (
    "model.layers[0].input_dim: Embedding needs 'input_dim': 'input' is no text alone. "
    "Name a column, whose data say it, such as 'inputs: [NAME]', or write it."
)
TOO_SMALL = "layers[0].input_dim: 5 is too small for the column 'review', which has"
NO_HASH = "columns.review.hash: Layers look its words up alone, so 'hash' says nothing."
NO_LENGTH = "dataset.columns.review.length: Expected 1 to 10,000, got 0."
NO_LOOKUP = "columns.review.length: No layer looks its words up, so a length says nothing."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("{type: text, length: 9}", "category"), NO_TEXT),
        (("output_dim: 4,", "output_dim: 4, input_dim: 5,"), TOO_SMALL),
        (("{type: text, length: 9}", "{type: text, hash: 9}"), NO_HASH),
        (("length: 9", "length: 0"), NO_LENGTH),
        ((LAYERS, ""), NO_LOOKUP),
    ],
)
def test_what_cannot_be_is_told_before_training(table, dlrun, tmp_path, change, message):
    """With its place in the config, by `validate` too."""
    (tmp_path / table).write_text(CONFIG.replace(*change))
    told = dlrun("validate", table, code=2)
    assert message in told.err
    assert told.err.startswith("error: reviews.yaml:")


FOLDERS = """\
dataset: {type: texts, path: "two words", columns: {text: {type: text, missing: empty}}}
model:
  layers:
    - {type: Embedding, output_dim: 4}
    - {type: Bidirectional, layer: {type: LSTM, units: 2}}
    - {type: Dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
optimizer: {type: Adam, learning_rate: 0.05}
metrics: [accuracy]
training: {epochs: 2, batch_size: 8}
exports: [predictions]
"""


@pytest.mark.slow
def test_folders_of_texts_from_training_to_answers(dlrun, tmp_path):
    """Trained with a report, asked about folders, files, tables and typed texts, explained."""
    home = tmp_path / "two words"
    write_folders(home / "train", reviews(32))
    write_folders(home / "test", reviews(16, seed=2))
    (home / "test" / "neg" / "empty.txt").write_text("")
    (tmp_path / "films.yaml").write_text(FOLDERS)
    assert "(None, 9, 4)" in dlrun("validate", "films.yaml", "--summary").out
    run = dlrun("train", "films.yaml", "--set", "dataset.bad_files=skip", "--report").run
    assert (run / "plots" / "word_effects.png").exists()
    page = (run / "report.html").read_text()
    assert "Words that move the answer" in page
    assert '<td data-head="text" class="text"><bdi>' in page
    # One column, read as nine words: none is left out of the sample, none stands beside it.
    assert "9 word numbers" in page
    assert not re.search(r"-?\d+ more</td>|other columns", page)
    assert "<th>reads</th>" not in page  # of a stack it would say nothing
    effects = json.loads((run / "report.json").read_text())["word_effects"]
    assert effects["column"] == "text"
    assert {one["toward"] for one in effects["words"]} <= {"neg", "pos"}
    assert all(one["rows"] >= 3 and one["mean"] >= 0 for one in effects["words"])

    test_rows = answers((run / "predictions" / "test.csv").read_text())
    told = answers(dlrun("predict", run, home / "test", "-o", "-").out)
    assert [row["probability_pos"] for row in told] == [row["probability_pos"] for row in test_rows]
    assert told[0]["file"].endswith("test/neg/000.txt")
    text = (home / "test" / "neg" / "000.txt").read_text()
    (one,) = answers(dlrun("predict", run, home / "test" / "neg" / "000.txt", "-o", "-").out)
    assert one["probability_pos"] == told[0]["probability_pos"]
    assert answers(dlrun("predict", run, text).out)[0]["probability_pos"] == one["probability_pos"]
    (home / "test" / "neg" / "0.txt").write_bytes(b"\0")  # left out, as the config says
    skipped = dlrun("predict", run, home / "test", "-o", "-")
    assert answers(skipped.out) == told
    assert "warning: 1 file of 18 left out:\n" in skipped.err
    assert "test/neg/0.txt: the file is binary" in skipped.err
    (home / "test" / "neg" / "0.txt").unlink()
    with (tmp_path / "new.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text",), (text,)])
    (row,) = answers(dlrun("predict", run, "new.csv", "-o", "-").out)
    assert row["probability_pos"] == one["probability_pos"]
    measured = json.loads(dlrun("evaluate", run, "--data", home / "test", "--json").out)
    stored = json.loads((run / "metrics.json").read_text())["test"]
    assert measured["metrics"]["accuracy"] == stored["accuracy"]
    assert "texts have no columns" in dlrun("predict", run, home, "--keep", "x", code=2).err

    shown = dlrun("explain", run, "--input", "A loved, loved film").out
    assert "what words move it" in shown
    found = json.loads(dlrun("explain", run, "--input", "A loved, loved film", "--json").out)
    assert {one["word"] for one in found["words"]} == {"a", "loved", "film"}
    whole, without = (answers(dlrun("predict", run, text).out)[0]
                      for text in ("A loved, loved film", "a  film"))  # fmt: skip
    (loved,) = (one for one in found["words"] if one["word"] == "loved")
    name = f"probability_{whole['predicted']}"
    assert loved["score"] == pytest.approx(float(without[name]), abs=1e-6)
    assert loved["effect"] == pytest.approx(float(whole[name]) - loved["score"], abs=1e-6)


@pytest.mark.slow
def test_a_config_is_written_for_a_folder_of_texts(dlrun, tmp_path):
    """It trains as it is, beside an empty file; texts without folders of classes are refused."""
    home = tmp_path / "two words"
    write_folders(home, reviews(64))
    (home / "neg" / "empty.txt").write_text("")
    dlrun("init", "--data", home.name, "-o", "films.yaml")
    drafted = (tmp_path / "films.yaml").read_text()
    assert drafted.startswith("# two words: 2 classes of 65 texts.\n")
    assert "  type: texts\n" in drafted
    assert "# 65 files\n" in drafted
    run = dlrun("train", "films.yaml", "--set", "training.epochs=20", "--no-report").run
    assert json.loads((run / "metrics.json").read_text())["test"]["accuracy"] >= 0.8
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "one.txt").write_text("good")
    told = dlrun("init", "--data", "flat", code=3).err
    assert "texts stand beside each other, and no folder of a class" in told


@pytest.mark.slow
def test_a_text_run_goes_on_and_comes_again_to_the_same_bits(table, dlrun, tmp_path):
    """Resumed after two epochs as trained at once; reproduced from its data; streamed alike."""
    short = dlrun("train", table, "--set", "training.epochs=2").run
    dlrun("resume", short, "--epochs", "4")
    whole = dlrun("train", table).run
    for name in ("weights.safetensors", "history.csv", "predictions/test.csv"):
        assert (tmp_path / short / name).read_bytes() == (tmp_path / whole / name).read_bytes()
    assert "identical" in dlrun("reproduce", whole).out


@pytest.mark.slow
def test_what_words_do_is_shown_where_a_layer_has_no_formula(table, dlrun):
    """The layers end there, which is said; without the words it is an error as elsewhere."""
    run = dlrun("train", table, "--set", "training.epochs=1", "-q").run
    row = ("--input", "A loved, loved film")
    shown = " ".join(dlrun("explain", run, *row).out.split())
    assert (
        "embedding: dlrun has no formula for Embedding with mask_zero: true. The layers end"
        in shown
    )
    (told,) = answers(dlrun("predict", run, row[1]).out)
    assert f"The answer is {told['predicted']}, with a score of 0." in shown
    found = json.loads(dlrun("explain", run, *row, "--json").out)
    assert (found["predicted"], found["output"]) == (told["predicted"], None)
    assert "no formula for Embedding with mask_zero" in found["ending"]
    for one in found["words"]:
        score = float(told[f"probability_{told['predicted']}"])
        assert one["score"] + one["effect"] == pytest.approx(score, abs=1e-6)
    for option in ("--numpy-only", "--layer=dense"):
        flag = option.partition("=")[0]
        assert (
            f"The story of the layers ends here; `dlrun explain` without {flag} asks TensorFlow "
            "and shows what each word does."
        ) in dlrun("explain", run, *row, option, code=1).err


@pytest.mark.slow
@pytest.mark.usefixtures("eagerly")
def test_words_are_not_scaled(table, dlrun, tmp_path):
    """A scale of numbers leaves `input` as it is, where it is the words of a text."""
    words = ("--set", "training.epochs=1", "-q", "--no-report")
    plain, scaled = (
        dlrun("train", table, *words, "--set", f"dataset.scale={scale}").run
        for scale in ("none", "standard")
    )
    weights = [(tmp_path / run / "weights.safetensors").read_bytes() for run in (plain, scaled)]
    assert weights[0] == weights[1]
    said = "dataset.scale: 'minmax' scales numbers, but 'texts' has words. Leave 'scale' out."
    (tmp_path / "films.yaml").write_text(FOLDERS)
    write_folders(tmp_path / "two words", reviews(4))
    assert said in dlrun("validate", "films.yaml", "--set", "dataset.scale=minmax", code=2).err


def test_numbers_beside_a_text_are_not_looked_up_scaled(dlrun, tmp_path):
    """`input` is a number there: only the rows tell that its ids would be others."""
    rows = [(text, number % 5, label) for number, (text, label) in enumerate(reviews(16))]
    with (tmp_path / "mixed.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("review", "place", "label"), *rows])
    config = CONFIG.replace("reviews", "mixed").replace("output_dim", "input_dim: 5, output_dim")
    (tmp_path / "mixed.yaml").write_text(config.replace("{type: text, length: 9}", "ignore"))
    told = dlrun("validate", "mixed.yaml", "--set", "dataset.scale=standard", code=2).err
    assert "columns.place: Scaling changes the ids that model.layers[0] (Embedding) looks" in told


@pytest.mark.slow
def test_streamed_texts_train_to_the_same_bits(table, dlrun, tmp_path, monkeypatch):
    """Their words are numbered whenever rows are taken."""
    held = dlrun("train", table, "--set", "training.epochs=1").run
    monkeypatch.setenv("DLRUN_STREAM_ABOVE_MB", "0")
    streamed = dlrun("train", table, "--set", "training.epochs=1")
    assert "streaming from the disk" in streamed.err
    for name in ("weights.safetensors", "history.csv"):
        assert (tmp_path / held / name).read_bytes() == (
            tmp_path / streamed.run / name
        ).read_bytes()
