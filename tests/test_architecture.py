"""The house stands as it was drawn: floors, rooms, sizes, and commands that stay light."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest

import dlrun
from tests.cli.stored import store

HOUSE = Path(dlrun.__file__).parent
MODULES = sorted(HOUSE.rglob("*.py"))

FLOORS = {
    "errors": 0,
    "signals": 0,
    "memory": 0,
    "catalog": 1,
    "rundir": 1,
    "arrays": 1,
    "shapes": 2,
    "backend": 2,
    "data": 3,
    "models": 3,
    "training": 3,
    "formulas": 3,
    "datasets": 4,
    "config": 5,
    "reports": 6,
    "sweeps": 6,
    "callbacks": 7,
    "exporters": 7,
    "workflows": 8,
    "cli": 9,
    "__main__": 10,
}
HEAVY_ROOMS = {
    "data", "models", "training", "formulas", "reports", "sweeps", "callbacks", "exporters",
    "workflows",
}  # fmt: skip
HEAVY = {"numpy", "tensorflow", "keras", "safetensors"}
LIGHT_COMMANDS = [
    ["--help"],
    ["--version"],
    ["train", "--help"],
    ["predict", "--help"],
    ["report", "--help"],
    ["explain", "--help"],
    ["weights", "--help"],
    ["validate", "config.yaml"],
    ["validate", "--summary", "config.yaml"],
    ["validate", "table.yaml"],
    ["validate", "arrays.yaml"],
    ["validate", "broken.yaml"],
    ["list"],
    ["list", "layers"],
    ["list", "layers", "Conv2D"],
    ["schema"],
    ["init", "images"],
    ["runs", "--runs-dir", "runs"],
    ["runs", "--runs-dir", "runs", "--json"],
    ["runs", "--where", "optimizer.learning_rate>0 and not seed=1", "--best", "1", "--csv"],
    ["compare", "one", "two"],
    ["diff", "one", "two"],
    ["label", "one", "good"],
    ["note", "one", "as expected"],
]
CONFIG = """\
dataset: {type: moons}
model: {layers: [{type: Dense, units: 1, activation: sigmoid}]}
loss: binary_crossentropy
optimizer: adam
"""


def room_of(name):
    """The room of a dotted module name; None for the package itself."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else None


def name_of(path):
    """The dotted name of a module."""
    parts = ["dlrun", *path.relative_to(HOUSE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path):
    """All modules that a file imports, anywhere in it, as (line, dotted name)."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            module = node.module or ""
            is_package = module == "dlrun"
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}" if is_package else module


def imported_on_load(path):
    """The packages that a file imports when it is loaded: not in functions, not for types only."""
    waiting = list(ast.parse(path.read_text("utf-8")).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def test_every_room_has_a_floor():
    """A new room is drawn into the plan first."""
    assert {room_of(name_of(path)) for path in MODULES} - {None} <= set(FLOORS)


def test_imports_point_downward():
    """A module imports its own room and the floors below; rooms of one floor do not meet."""
    upward = []
    for path in MODULES:
        here = room_of(name_of(path))
        for line, module in imports_of(path):
            there = room_of(module) if module.split(".")[0] == "dlrun" else None
            is_inside = there in (None, here) or there not in FLOORS
            if not is_inside and (here is None or FLOORS[there] >= FLOORS[here]):
                upward.append(f"{path}:{line}: {name_of(path)} imports {module}")
    assert upward == []


def test_modules_are_short():
    """What does not fit on 500 lines is two things."""
    lines = {name_of(path): path.read_text("utf-8").count("\n") for path in MODULES}
    assert {name: count for name, count in lines.items() if count > 500} == {}


def test_modules_introduce_themselves():
    """A module opens with a docstring whose first line is a sentence."""
    first_lines = {
        name_of(path): (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n")[0]
        for path in MODULES
    }
    assert {
        name: line for name, line in first_lines.items() if line[-1:] not in tuple(".:?!")
    } == {}


def test_tensorflow_has_one_door():
    """Only the backend imports TensorFlow and Keras by name: it sets what must be set before."""
    doors = {
        name_of(path)
        for path in MODULES
        for _, module in imports_of(path)
        if module.split(".")[0] in ("tensorflow", "keras")
    }
    assert doors == {"dlrun.backend"}


def test_light_floors_load_nothing_heavy():
    """Outside of the rooms of arrays nothing heavy is imported on loading; datasets are light."""
    heavy = {}
    for path in MODULES:
        room = room_of(name_of(path))
        is_light = room not in HEAVY_ROOMS
        if is_light and room != "backend":
            heavy[name_of(path)] = sorted(HEAVY & set(imported_on_load(path)))
    assert {name: packages for name, packages in heavy.items() if packages} == {}


def test_datasets_load_nothing_heavy():
    """Neither do the modules that they import: light commands ask each for its sample."""
    names = [name_of(path) for path in MODULES if room_of(name_of(path)) == "datasets"]
    program = f"import sys, {', '.join(names)}; print(*{HEAVY} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("words", LIGHT_COMMANDS, ids=" ".join)
def test_light_commands_load_nothing_heavy(tmp_path, words):
    """What answers at once imports neither NumPy nor TensorFlow nor Keras."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    table = CONFIG.replace("moons", "csv, path: rows.csv")
    (tmp_path / "rows.csv").write_text("a,b,c\n1,2,x\n3,4,y\n")
    (tmp_path / "table.yaml").write_text(table)
    np.savez(tmp_path / "rows.npz", x=np.zeros((3, 2)), y=np.array([0, 1, 0]))
    (tmp_path / "arrays.yaml").write_text(table.replace("csv", "npz", 1).replace(".csv", ".npz"))
    (tmp_path / "broken.yaml").write_text("modle: {}\n")
    for name in ("one", "two"):
        store(tmp_path / "runs", name)
    program = (
        "import json, sys; from dlrun.cli.main import main; code = main(sys.argv[1:]); "
        "print(json.dumps([code, sorted({name.split('.')[0] for name in sys.modules})]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    exit_code, loaded = json.loads(done.stdout.splitlines()[-1])
    assert exit_code == (2 if "broken.yaml" in words else 0), done.stderr
    assert not (HEAVY | {"sklearn", "pandas", "matplotlib", "jinja2"}) & set(loaded)


def test_random_tests_draw_the_same_each_time(pytestconfig):
    """So that nobody's run fails by chance; `--hypothesis-profile=fresh` draws new examples."""
    is_fresh = pytestconfig.getoption("--hypothesis-profile") == "fresh"
    assert hypothesis.settings().derandomize != is_fresh
    unseeded = re.compile(
        r"default_rng\(\)|\bRandom\(\)|\brandom\.seed\(\)|np\.random\.(rand|seed)\b"
    )
    others = set(Path(__file__).parent.rglob("*.py")) - {Path(__file__)}
    found = sorted(path.name for path in others if unseeded.search(path.read_text()))
    assert found == []
