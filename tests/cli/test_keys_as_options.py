"""Who types a key of the config as an option is told how it is set."""

import pytest

SET = {
    "--epochs 3": ("--epochs", "training.epochs=3"),
    "--epochs=3": ("--epochs", "training.epochs=3"),
    "--epoch 3": ("--epoch", "training.epochs=3"),
    "--lr 0.1": ("--lr", "optimizer.learning_rate=0.1"),
    "-lr 0.1": ("-lr", "optimizer.learning_rate=0.1"),
    "--learning-rate=1e-3": ("--learning-rate", "optimizer.learning_rate=1e-3"),
    "--learning_rate -1": ("--learning_rate", "optimizer.learning_rate=-1"),
    "--batch-size": ("--batch-size", "training.batch_size=VALUE"),
    "--batch-size --quiet": ("--batch-size", "training.batch_size=VALUE"),
    "--batch 16": ("--batch", "training.batch_size=16"),
    "--optimizer SGD": ("--optimizer", "optimizer=SGD"),
    "--momentum 0.9": ("--momentum", "optimizer.momentum=0.9"),
    "--validation-split 0.1": ("--validation-split", "dataset.validation_split=0.1"),
    "--samples 50": ("--samples", "dataset.samples=50"),
    "--units 5": ("--units", "'model.layers[0].units=5'"),
}
OTHERS = {
    "--thread 2": "No such option: --thread (Possible options: --threads, --track)",
    "--gpu": "No such option: --gpu",
    "-b 3": "No such option: -b",
    "--verbose": "No such option: --verbose",
}


@pytest.mark.parametrize("typed", SET)
def test_a_key_is_set_with_set(typed, config, dlrun):
    """The same for every key: the names come from the fields, the catalog and the config."""
    option, written = SET[typed]
    assert dlrun("train", config, *typed.split()) == (
        2,
        "",
        f"error: No such option: {option}\n  Keys of the config are set so: `--set {written}`.\n",
    )


@pytest.mark.parametrize("typed", OTHERS)
def test_what_is_no_key_is_told_as_before(typed, config, dlrun):
    """An option that is nearer, or nothing at all."""
    exit_code, _, err = dlrun("train", config, *typed.split())
    assert (exit_code, err) == (2, f"error: {OTHERS[typed]}\n  `dlrun train --help` tells more.\n")


def test_a_key_that_a_config_inherits(config, dlrun, tmp_path):
    """The layers of the base are those of the config."""
    (tmp_path / "child.yaml").write_text(f"extends: {config}\n")
    assert "`--set 'model.layers[0].units=5'`" in dlrun("train", "child.yaml", "--units", 5)[2]


def test_other_commands(config, dlrun):
    """Those that take --set; the others know no keys."""
    assert "--set seed=3" in dlrun("validate", config, "--seed", 3)[2]
    assert "--set training.epochs=3" in dlrun("sweep", "run", config, "--epochs", 3)[2]
    said = "How a table is read is said so: `--set decimal=,`."
    assert said in dlrun("data", "a.csv", "--decimal", ",")[2]
    assert "--set delimiter=VALUE" in dlrun("init", "--data", "a.csv", "--delimiter")[2]
    assert "exports" not in dlrun("data", "a.csv", "--report")[2]
    assert "--set" not in dlrun("evaluate", "latest", "--epochs", 3)[2]
    assert "--set optimizer.learning_rate=1" in dlrun("train", "gone.yaml", "--lr", 1)[2]


@pytest.mark.parametrize(("command", "longer"), [("resume", True), ("evaluate", False)])
def test_a_run_keeps_its_config(dlrun, command, longer):
    """What was meant by `--set` there is a longer run, or another one."""
    exit_code, _, told = dlrun(command, "latest", "--set", "training.epochs=9")
    assert exit_code == 2
    assert "No such option: --set\n" in told
    assert (
        "A run keeps its config: `dlrun train CONFIG --from RUN` begins one from its weights"
        in told
    )
    assert ("`--epochs N` makes this one longer." in told) is longer
