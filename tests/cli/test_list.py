"""`dlrun list` shows every word; on narrow screens and as data too."""

import json

import pytest

from dlrun import catalog
from dlrun.cli import list as list_command
from dlrun.cli.terminal.output import Screen


def test_kinds(dlrun):
    """One line each, with the number of words."""
    exit_code, out, err = dlrun("list")
    assert (exit_code, err) == (0, "")
    lines = [line.split(None, 2) for line in out.partition("\n\n")[0].splitlines()]
    assert [kind for kind, _, _ in lines] == list(catalog.KINDS)
    assert [int(count) for _, count, _ in lines] == [
        len(catalog.words(kind)) for kind in catalog.KINDS
    ]
    assert all(meaning.endswith(".") for _, _, meaning in lines)


@pytest.mark.parametrize("kind", catalog.KINDS)
def test_words_of_a_kind(dlrun, kind):
    """Each word begins a line, with its first sentence and its aliases; no line is cut."""
    exit_code, out, err = dlrun("list", kind)
    assert (exit_code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines() if line and line[0] != "#"}
    assert set(lines) == set(catalog.words(kind))
    for name, line in lines.items():
        assert catalog.gist(kind, name) in line
        assert all(alias in line for alias in catalog.aliases(kind).get(name, ()))


def test_layers_stand_in_families(dlrun):
    """As Keras groups them."""
    out = dlrun("list", "layers")[1]
    pooling = out[out.index("# pooling") :].split("\n\n")[0]
    assert "MaxPooling2D " in pooling
    assert "Dense " not in pooling


def test_a_word(dlrun):
    """What it is, how it is written, what it takes with defaults, what all layers take."""
    exit_code, out, err = dlrun("list", "layers", "Conv2D")
    assert (exit_code, err) == (0, "")
    assert out.startswith("Conv2D, a layer of Keras\nAlso: Convolution2D\n\n2D convolution layer.")
    assert "\n    model: {layers: [{type: Conv2D, filters: ..., kernel_size: ...}, ...]}\n" in out
    assert "\n    filters  (required)\n        int, the dimension of the output space" in out
    assert "\n    strides  (default [1, 1])\n" in out
    assert "\n    padding  (default valid)\n" in out
    own, shared = out.split("Every layer also takes\n")
    assert "    trainable" not in own
    assert [line.split()[0] for line in shared.splitlines() if line[4] != " "] == [
        "name",
        "inputs",
        "weights",
        "trainable",
    ]


@pytest.mark.parametrize(
    ("kind", "word", "example"),
    [
        ("datasets", "table", "dataset: {type: table, path: ...}"),
        ("losses", "mse", "loss: MeanSquaredError"),
        ("metrics", "acc", "metrics: [accuracy]"),
        ("optimizers", "adam", "optimizer: Adam"),
        ("schedules", "CosineDecay", "learning_rate: {type: CosineDecay, initial_learning_rate:"),
        ("callbacks", "EarlyStopping", "training: {callbacks: [EarlyStopping]}"),
        ("initializers", "glorot_uniform", "kernel_initializer: GlorotUniform"),
        ("regularizers", "l2", "kernel_regularizer: L2"),
        ("constraints", "NonNeg", "kernel_constraint: NonNeg"),
        ("activations", "relu", "activation: relu"),
        ("exporters", "predictions", "exports: [predictions]"),
    ],
)
def test_a_word_of_each_kind(dlrun, kind, word, example):
    """By its name or an alias; with how it is written."""
    exit_code, out, _ = dlrun("list", kind, word)
    assert exit_code == 0
    assert f"\n    {example}" in out


def test_examples_are_legal(tmp_path):
    """What the pages show can be written, once the dots are filled in."""
    from dlrun.config import load_config

    path = tmp_path / "a.yaml"
    for kind, word in (("losses", "Hinge"), ("optimizers", "SGD"), ("callbacks", "EarlyStopping")):
        key = list_command.example(catalog.find(kind, word))
        lines = {
            "dataset": "dataset: {type: moons, validation_split: 0.2}",
            "model": "model: {layers: [{type: Dense, units: 1, activation: tanh}]}",
            "loss": "loss: hinge",
            "optimizer": "optimizer: adam",
        }
        lines[key.partition(":")[0]] = key
        path.write_text("\n".join(lines.values()))
        load_config(path)


def test_an_activation_takes_no_arguments(dlrun):
    """Although its function does: in a config it is a word alone."""
    assert "Arguments" not in dlrun("list", "activations", "relu")[1]


def test_json(dlrun):
    """The same as data."""
    kinds = json.loads(dlrun("list", "--json")[1])
    assert [entry["kind"] for entry in kinds] == list(catalog.KINDS)
    losses = {entry["word"]: entry for entry in json.loads(dlrun("list", "losses", "--json")[1])}
    assert "mse" in losses["MeanSquaredError"]["aliases"]
    assert losses["Hinge"]["summary"] == "Computes the hinge loss between `y_true` & `y_pred`."
    conv = json.loads(dlrun("list", "layers", "Conv2D", "--json")[1])
    arguments = {argument["name"]: argument for argument in conv["arguments"]}
    assert arguments["filters"]["required"] is True
    assert "default" not in arguments["filters"]
    assert arguments["strides"]["default"] == [1, 1]
    assert [one["name"] for one in conv["shared_arguments"]] == [
        "name",
        "inputs",
        "weights",
        "trainable",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["layer"], "There is no kind 'layer'.\n  Did you mean `dlrun list layers`?"),
        (["Conv2D"], "There is no kind 'Conv2D'.\n  Did you mean `dlrun list layers Conv2D`?"),
        (
            ["mse"],
            "There is no kind 'mse'.\n  Did you mean {} or {}?".format(
                "`dlrun list losses mse`", "`dlrun list metrics mse`"
            ),
        ),
        (["date"], "There is no kind 'date'.\n  Did you mean `dlrun list columns date`?"),
        (["datas"], "There is no kind 'datas'.\n  Did you mean `dlrun list dataset`?"),
        (["zzz"], f"There is no kind 'zzz'.\n  The kinds are {', '.join(catalog.KINDS)}."),
        (["layers", "Conv2"], "There is no layer 'Conv2'.\n  Did you mean 'Conv2D'?"),
        (
            ["losses", "Adam"],
            "There is no loss 'Adam'.\n  Did you mean `dlrun list optimizers Adam`?",
        ),
        (
            ["losses", "qqqqq"],
            "There is no loss 'qqqqq'.\n  `dlrun list losses` shows all of them.",
        ),
        (
            ["layers", "Lambda"],
            "'Lambda' cannot be used in a config: it runs code that a config cannot hold.",
        ),
    ],
)
def test_unknown_words(dlrun, words, message):
    """What was probably meant; exit code 2; nothing on stdout."""
    assert dlrun("list", *words) == (2, "", f"error: {message}\n")


@pytest.mark.parametrize("kind", catalog.KINDS)
def test_a_word_without_its_kind_is_found_as_it_is(dlrun, kind):
    """Whatever else is called a little like it, as `dataset` is like `date`."""
    groups = {catalog.family(kind, word) for word in catalog.words(kind)}
    for word in [word for word in catalog.words(kind) if word not in {*groups, *catalog.KINDS}]:
        code, _, err = dlrun("list", word)
        assert (code, f"`dlrun list {kind} {word}`" in err) == (2, True), (word, err)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_pages_fit_the_screen(width):
    """Only a word that is longer than the screen stands out; no blank ends a line."""
    screen = Screen(width=width)
    pages = [list_command.kinds_page(screen=screen)]
    for kind in catalog.KINDS:
        pages.append(list_command.kind_page(kind, screen=screen))
        found = (catalog.find(kind, name) for name in catalog.words(kind))
        pages += [list_command.word_page(word, screen=screen) for word in found]
    for page in pages:
        for line in page.splitlines():
            assert line == line.rstrip()
            assert len(line) <= width or len(line.split()) == 1, line


def test_narrow_list():
    """What is said stands below the term where there is no room beside it."""
    lines = list_command.kinds_page(screen=Screen(width=40)).splitlines()
    assert lines[0].split() == ["datasets", str(len(catalog.words("datasets")))]
    assert lines[1] == "    Where the rows come from."


def test_color():
    """Names in bold on a terminal; the text without the codes is the same."""
    word = catalog.find("layers", "Dense")
    plain = list_command.word_page(word, screen=Screen(width=80))
    colored = list_command.word_page(word, screen=Screen(width=80, color=True))
    assert colored.startswith("\x1b[1mDense\x1b[0m, a layer of Keras")
    assert "\n    \x1b[1munits\x1b[0m  (required)\n" in colored
    for code in ("\x1b[0m", "\x1b[1m", "\x1b[36m"):
        colored = colored.replace(code, "")
    assert colored == plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (1e-07, "1e-07"),
        ((1, 1), "[1, 1]"),
        ("valid", "valid"),
        ("true", '"true"'),
        (",", '","'),
        ([], "[]"),
    ],
)
def test_defaults_look_as_in_a_config(value, shown):
    """They can be copied."""
    assert list_command.yaml_value(value) == shown


def test_the_keys_of_sections(dlrun):
    """What a section and a sweep take, with their defaults."""
    told = dlrun("list", "training")[1]
    assert "    batch_size  (default 32)\n        How many rows each step sees." in told
    assert "folds  (default null)" in dlrun("list", "dataset")[1]
    sweep = {one["name"]: one for one in json.loads(dlrun("list", "sweep", "--json")[1])}
    assert sweep["base"]["required"]
    assert (sweep["samples"]["default"], sweep["grid"]["default"]) == (10, None)
    assert "Did you mean `dlrun list training`?" in dlrun("list", "trainin")[2]
    assert "`dlrun list sweep` show the keys of these." in dlrun("list")[1]
