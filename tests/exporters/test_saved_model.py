"""Given cells as they are, exported models answer as `dlrun predict` does, without dlrun."""

from __future__ import annotations

import csv
import random

import numpy as np
import pytest

from tests.exporters.outside import ask, predicted

HEAD = (
    "number", "flagged", "by rank", "log", "grade", "Land (ISO)", "day", "moment", "birthday",
    "said", "class", "kind",
)  # fmt: skip
COLUMNS = """\
    number: {type: number, scale: minmax, clip: [2, 90]}
    flagged: {type: number, missing: flag, scale: standard}
    by rank: {type: number, missing: 3, scale: quantile}
    log: {type: number, missing: mean, scale: log}
    grade: category
    Land (ISO): {type: category, missing: own, min_count: 4}
    day: {type: date, parts: [year, month, day, weekday, yearday], missing: flag}
    moment: {type: date, parts: [hour, minute, second, seconds], scale: standard}
    birthday: {type: date, format: "%d. %B %Y", parts: [year, month]}
    said: {type: text, weight: tfidf, missing: empty}
    class: {type: text, vocabulary: 5, weight: binary}
"""
CONFIG = f"""\
dataset:
  type: table
  path: table.csv
  target: kind
  scale: standard
  missing_values: [NA, "-999"]
  columns:
{COLUMNS}
model:
  layers:
    - {{type: Embedding, name: land, inputs: ["Land (ISO)"], output_dim: 3}}
    - {{type: Flatten, name: flat}}
    - {{type: Dense, name: own, inputs: [day], units: 3, activation: tanh}}
    - {{type: Concatenate, inputs: [input, flat, own]}}
    - {{type: Dense, units: 3}}
loss: {{type: SparseCategoricalCrossentropy, from_logits: true}}
optimizer: {{type: Adam, learning_rate: 0.03}}
training: {{epochs: 3, batch_size: 16}}
exports: [saved_model, onnx, litert]
"""
MONTHS = ("January", "february", "March", "APRIL", "May", "June", "July", "August", "September",
          "October", "November", "December")  # fmt: skip


def rows(count, seed):
    """Rows of every kind of column, with what is missing, rare or new in them."""
    draw = random.Random(seed)  # noqa: S311
    for _ in range(count):
        month, day = draw.randrange(12), draw.randint(1, 28)
        year = draw.choice([1899, 1968, 1972, 2000, 2023, 2100])
        clock = f"{draw.randrange(24):02}:{draw.randrange(60):02}:{draw.randrange(60):02}"
        clock += draw.choice(["", ".25"])
        zone = draw.choice(["", "Z", "+02:00", " -0330", "+01"])
        yield (
            draw.choice([0, 7.25, 12, 95, 1e3]),
            draw.choice(["", "NA", -999, 1998.5, 2003, 2001.25]),
            draw.choice(["", 1, 1, 2, 5.5, 8, 13, -4, 100]),
            draw.choice(["", -1e6, -3, 0, 0.5, 2e5]),
            draw.choice([1, 2, 3]),
            draw.choice(["DE", "DE", "FR", "FR", " CH ", "", "NA", f"X{draw.randrange(9)}"]),
            draw.choice(["", f"{year}-{month + 1:02}-{day:02}", "2024-02-29", "1900-12-31"]),
            f"2021-{month + 1:02}-{day:02}{draw.choice('T ')}{clock}{zone}",
            f"{day}. {MONTHS[month]} {year}",
            draw.choice(["", "Füße and FÜSSE", "one two two", "a_b x yz9", "Ärger, one-two!"]),
            " ".join(draw.choices(["yes", "no", "maybe", "never", "ever", "Later"], k=4)),
            draw.choice("abc"),
        )


def write(path, table, head=HEAD):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(table)
    return path


@pytest.mark.slow
def test_cells_of_every_kind(dlrun, tmp_path):
    """A wide table with odd names: what is predicted, its probabilities, in any number of rows."""
    write(tmp_path / "table.csv", rows(120, 0))
    (tmp_path / "c.yaml").write_text(CONFIG)
    run = dlrun("train", "c.yaml", "-q").run
    new = write(tmp_path / "new.csv", rows(300, 1))
    names, numbers = predicted(dlrun, run, new)
    forms = {"saved_model": "saved_model", "onnx": "model.onnx", "litert": "model.tflite"}
    jobs = [
        {"form": form, "model": (run / file).resolve(), "rows": new} for form, file in forms.items()
    ]
    for form, answers in zip(forms, ask(jobs, tmp_path), strict=True):
        np.testing.assert_allclose(answers["probabilities"], numbers, atol=1e-5, err_msg=form)
        assert answers["predicted"].tolist() == names
        assert form != "saved_model" or answers["classes"][-1].tolist() == ["a", "b", "c"]
    assert numbers.std(axis=0).min() > 0.01
    assert "saved_model/saved_model.pb" in (run / "run.json").read_text()
    dlrun("verify", run)
    (run / "saved_model" / "saved_model.pb").write_bytes(b"another")
    assert "saved_model.pb: is not what the run saved" in dlrun("verify", run, code=4).out


@pytest.mark.slow
def test_what_is_refused(dlrun, tmp_path):
    """A missing cell where none may be, by the graph; what TensorFlow cannot do, by name."""
    lines = ["a,said,kind", *(f"{n},word {n % 3},{'xy'[n % 2]}" for n in range(20))]
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    config = """\
dataset: {type: table, path: table.csv, target: kind, columns: {a: number, said: %s}}
model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: sgd
training: {epochs: 1}
"""
    (tmp_path / "c.yaml").write_text(config % "{type: text, hash: 8}")
    run = dlrun("train", "c.yaml", "-q").run
    told = dlrun("export", run, "saved_model", code=1).err
    assert "column 'said': TensorFlow has no operation for the MurmurHash3" in told
    (tmp_path / "c.yaml").write_text(config % "category")
    run = dlrun("train", "c.yaml", "--set", "exports=[saved_model]", "-q").run
    tf = pytest.importorskip("tensorflow")
    loaded = tf.saved_model.load(str(run / "saved_model")).signatures["serving_default"]
    numbers = tf.constant([1.0, float("nan")], tf.float64)
    with pytest.raises(tf.errors.InvalidArgumentError, match="column a: a value is missing"):
        loaded(a=numbers, said=tf.constant(["word 1", "word 2"]))


def test_images_as_arrays_and_as_files(dlrun, tmp_path):
    """Whole pixels, and the bytes of PNG files; of another size none is taken."""
    draw = np.random.default_rng(0)
    x, y = draw.integers(0, 256, (60, 28, 28), dtype=np.uint8), np.arange(60) % 10
    np.savez(tmp_path / "m.npz", x_train=x, y_train=y, x_test=x[:20], y_test=y[:20])
    (tmp_path / "c.yaml").write_text(
        "dataset: {type: mnist, path: m.npz}\n"
        "model: {layers: [Flatten, {type: Dense, units: 10, activation: softmax}]}\n"
        "loss: sparse_categorical_crossentropy\noptimizer: sgd\ntraining: {epochs: 1}\n"
        "exports: [saved_model]\n"
    )
    run = dlrun("train", "c.yaml", "-q").run
    np.save(tmp_path / "new.npy", x[:20])
    names, numbers = predicted(dlrun, run, tmp_path / "new.npy")
    tf = pytest.importorskip("tensorflow")
    loaded = tf.saved_model.load(str(run / "saved_model"))
    pixels = loaded.signatures["serving_default"](input=tf.constant(x[:20, ..., None], "float32"))
    files = tf.constant([tf.io.encode_png(one).numpy() for one in x[:20, ..., None]])
    of_files = loaded.signatures["image_bytes"](image=files)
    for answers in (pixels, of_files):
        np.testing.assert_allclose(answers["probabilities"], numbers, atol=1e-5)
        assert answers["predicted"].numpy().astype(str).tolist() == names
    small = tf.io.encode_png(x[0, :9, :9, None]).numpy()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected shape \[28,28,1\]"):
        loaded.signatures["image_bytes"](image=tf.constant([small]))
