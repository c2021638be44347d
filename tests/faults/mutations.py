"""What somebody could do to a run folder before it is handed over; all of it drawn from a seed."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import zipfile

import yaml

from dlrun.rundir.integrity import signed
from tests.faults.audit import MARKER


class _Bait:
    """Makes a file when it is unpickled."""

    def __reduce__(self):
        return exec, (f"open('{MARKER}', 'w')",)


def _zip_bomb():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights.npy", bytes(2**24))
    return stream.getvalue()


CODE = f"__import__('os').system('touch {MARKER}')"
PICKLE = pickle.dumps(_Bait())
ZIP = _zip_bomb()
LYING = (2**40).to_bytes(8, "little") + b"{}"
DEEP = ("[" * 100_000).encode()
CONTENTS = (PICKLE, ZIP, LYING, DEEP, b"", b"\0" * 64, b"\xff\xfe", b"{}", b"[]", b"null", b"NaN")
MEANT_FOR_US = ("config.yaml", "run.json", "spec.json", "history.csv", "metrics.json", "notes.json",
                "weights.safetensors", "initial.safetensors", "predictions/inputs.json",
                "log.txt", ".lock", "report.html", "predictions/test.csv", "checkpoint",
                "predictions", "plots", "evaluations")  # fmt: skip


def values(chance, outside):
    """A value that no dlrun would have written."""
    secret = str(outside / "secret.csv")
    return chance.choice([
        None, True, -1, 0, 2**70, 1e308, -0.5, "", CODE, secret, "../../outside/secret.csv",
        "os.system", "\0", "\x1b[31m", "a" * 5000, [], [[]], {}, {"type": "Lambda"}, [None, 1],
        {"type": "os.system", "command": CODE}, {"__class__": "os.system"}, "keras.layers.Lambda",
        {"class_name": "Lambda", "config": {"function": CODE}}, "\ud800", "NaN", [1] * 3000,
    ])  # fmt: skip


def replace_one(value, chance, outside):
    """Replace one entry, anywhere in nested lists and mappings."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(sorted(value))
        return {**value, key: replace_one(value[key], chance, outside)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        index = chance.randrange(len(value))
        changed = replace_one(value[index], chance, outside)
        return [*value[:index], changed, *value[index + 1 :]]
    return values(chance, outside)


def json_entry(run, outside, chance):
    """One entry of a JSON file is another one."""
    files = [path for path in run.rglob("*.json") if path.is_file()]
    path = chance.choice(sorted(files))
    changed = replace_one(json.loads(path.read_text()), chance, outside)
    is_signed = path.name in ("run.json", "state.json") and isinstance(changed, dict)
    path.write_text(_signed(changed) if is_signed else json.dumps(changed))
    return f"{path.name} {str(changed)[:60]!r}"


def yaml_entry(run, outside, chance):
    """One entry of the config is another one."""
    path = run / "config.yaml"
    changed = replace_one(yaml.safe_load(path.read_text()), chance, outside)
    path.write_text(yaml.safe_dump(changed, allow_unicode=True).encode("utf-8", "replace").decode())
    return "config entry"


def yaml_words(run, outside, chance):
    """The config asks for code, for files elsewhere, or for another machine."""
    path, secret = run / "config.yaml", str(outside / "secret.csv")
    config = yaml.safe_load(path.read_text())
    layers, training = config["model"]["layers"], config["training"]
    what = chance.randrange(14)
    callbacks = {
        0: {"type": "CSVLogger", "filename": "../../outside/x"},
        1: {"type": "CSVLogger", "filename": str(outside / "x")},
        2: {"type": "ModelCheckpoint", "filepath": "../../../outside/x.keras"},
        3: {"type": "TensorBoard", "log_dir": str(outside)},
        4: {"type": "RemoteMonitor", "root": "http://127.0.0.1:9"},
        5: {"type": "LambdaCallback", "on_epoch_end": CODE},
        11: {"type": "ModelCheckpoint", "filepath": "{epoch.__class__.__name__}.keras"},
    }
    if what in callbacks:
        training["callbacks"] = [callbacks[what]]
    elif what == 6:
        config["dataset"] = {"type": "csv", "path": secret, "target": "t"}
    elif what == 7:
        config["dataset"] = {"type": "npz", "path": str(outside / "secret.npz")}
    elif what == 8:
        layers.insert(1, {"type": "Lambda", "name": "bait", "function": CODE})
    elif what == 9:
        layers.insert(1, {"type": "TextVectorization", "name": "bait", "vocabulary": secret})
    elif what == 12:
        layers.insert(1, {"type": "IntegerLookup", "name": "bait", "vocabulary": secret})
    elif what == 10:
        config["exports"] = [chance.choice(["../../outside/code", "os", {"type": "predictions",
                             "split": "../../../outside/x"}])]  # fmt: skip
    else:
        layers[0]["activation"] = CODE
    path.write_text(yaml.safe_dump(config))
    return f"config asks {what}"


def yaml_text(run, outside, chance):
    """The config is no plain YAML."""
    del outside
    path, text = run / "config.yaml", (run / "config.yaml").read_text()
    bomb = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9 if i else ['x'] * 9)}]\n"
                   for i in range(9))  # fmt: skip
    path.write_text(chance.choice([
        f"{text}\nbait: !!python/object/apply:os.system ['touch {MARKER}']\n",
        f"!!python/name:os.system\n{text}", f"{bomb}{text}", f"{text}\n{text}", "[" * 20_000,
        text.replace("seed: 0", f'seed: !!python/object/apply:eval ["{CODE}"]'),
    ]))  # fmt: skip
    return "config text"


def contents(run, outside, chance):
    """A file holds something else, or is far too large."""
    del outside
    path = chance.choice([path for path in sorted(run.rglob("*")) if path.is_file()])
    if chance.random() < 0.2:
        os.truncate(path, chance.choice([2**24 + 1, 2**40]))
    else:
        path.write_bytes(chance.choice(CONTENTS))
    return f"contents of {path.name}"


def kinds(run, outside, chance):
    """A file is a link, a pipe or a folder."""
    path = run / chance.choice(MEANT_FOR_US)
    inside = sorted(run.glob("checkpoint/*/*"))
    path = chance.choice(inside) if inside and chance.random() < 0.2 else path
    is_folder = path.name in ("checkpoint", "predictions", "plots", "evaluations")
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    target = outside / (path.name if is_folder or (outside / path.name).exists() else "secret.csv")
    kind = chance.choice(["symbolic", "hard", "pipe", "folder", "loop"])
    if kind == "symbolic" or (kind == "hard" and is_folder):
        path.symlink_to(target)
    elif kind == "hard":
        os.link(target, path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path)
    return f"{path.name} is {kind}"


def names(run, outside, chance):
    """The record vouches for files elsewhere, or the run comes from elsewhere."""
    path = run / "run.json"
    record = json.loads(path.read_text())
    secret = outside / "secret.csv"
    name = chance.choice([str(secret), os.path.relpath(secret, run), "a/../../x", "\0"])
    record["files"] = {**record.get("files", {}), name: "0" * 64}
    record["from"] = str(outside)
    path.write_text(_signed(record))
    return f"files {name!r}"


def _signed(content):
    return signed(content).encode("utf-8", "backslashreplace").decode()


MUTATIONS = (
    json_entry,
    json_entry,
    yaml_entry,
    yaml_words,
    yaml_text,
    contents,
    kinds,
    kinds,
    names,
)


def make_outside(outside, run):
    """Make files that nobody may touch, some of them good enough to be taken for a run's own."""
    outside.mkdir()
    (outside / "secret.csv").write_text("a,b,t\n1,2,high\n2,1,low\n")
    (outside / "secret.npz").write_bytes(ZIP)
    (outside / "code.py").write_text(f"open('{MARKER}', 'w')\n")
    for name in ("config.yaml", "run.json", "spec.json", "weights.safetensors"):
        (outside / name).write_bytes((run / name).read_bytes())
    for name in ("predictions", "plots", "checkpoint", "evaluations"):
        (outside / name).mkdir()
        (outside / name / "test.csv").write_text("secret\n")
    return outside
