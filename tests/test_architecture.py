"""The house stands as it was drawn: floors, rooms, sizes, and commands that stay light."""

import ast
import functools
import inspect
import re
import subprocess
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import typer

import dlrun
from dlrun.cli.app import app
from tests.cli.stored import store
from tests.forked import loaded_by

HOUSE = Path(dlrun.__file__).parent
MODULES = sorted(HOUSE.rglob("*.py"))

FLOORS = {
    "errors": 0,
    "signals": 0,
    "memory": 0,
    "absent": 0,
    "state": 0,
    "warm": 1,
    "wording": 0,
    "column": 0,
    "catalog": 1,
    "rundir": 1,
    "arrays": 1,
    "scalars": 1,
    "conditions": 2,
    "shapes": 2,
    "backend": 2,
    "columns": 3,
    "formulas": 3,
    "data": 4,
    "models": 4,
    "training": 5,
    "datasets": 5,
    "config": 6,
    "reports": 7,
    "callbacks": 8,
    "exporters": 8,
    "trackers": 8,
    "execution": 9,
    "workflows": 10,
    "sweeps": 11,
    "notebook": 11,
    "serving": 11,
    "cli": 12,
    "api": 13,
    "resident": 13,
    "__main__": 14,
}
HEAVY_ROOMS = {
    "data", "models", "training", "formulas", "reports", "callbacks", "exporters", "execution",
    "workflows", "sweeps", "columns", "trackers", "serving",
}  # fmt: skip
LIGHT_PACKAGES = ("dlrun.sweeps.language", "dlrun.columns.inference")
"""Packages of heavy rooms that light commands read."""

SHELVES = (
    "datasets", "columns", "callbacks", "exporters", "trackers",
    "reports.plots", "sweeps.launchers",
)  # fmt: skip
"""Packages in which one file is one word, or one plot."""
NO_WORDS = {
    "dlrun.datasets.samples",
    *(f"dlrun.exporters.{name}" for name in ("agreement", "end_to_end", "network_inputs")),
    "dlrun.exporters.script_text",
    *(f"dlrun.columns.{name}" for name in ("filling", "fitted", "graphs", "packing", "scales")),
    *(f"dlrun.columns.{name}" for name in ("inference", "values")),
}
"""Modules of shelves that are no word: what all words of the shelf share."""

LONGEST_MODULE, LONGEST_FUNCTION, SHORTEST_MODULE = 500, 60, 40
MOST_PARAMETERS = 7
HANDED_ON = {"listener": 26, "runs_dir": 12, "folder": 24}
"""How many functions outside of `rundir` may take what `ActiveRun`, `RunOptions` and `Run` hold."""

SHORT = {
    "dlrun.__main__": "what `python -m dlrun` and the script `dlrun` start",
    "dlrun.absent": "rooms of every floor need the same object",
    "dlrun.warm.standby": "commands and the resident process need the same fact",
    "dlrun.execution.options": "what is asked of a run besides its config",
}
"""Modules of fewer lines than a module should have, and why they are modules."""
BESIDE_COMMANDS = {
    "workflows": {},
    "cli": {
        "app": "the list of the commands",
        "main": "from a command line to an exit code",
        "options": "the arguments and options that commands share",
        "completion": "what the shell offers for them",
        "examples": "what the help of each command ends with",
        "placing": "what `train` and `sweep` say of a cluster",
        "keys_as_options": "what is said where a key of the config is typed as an option",
        "notes": "`dlrun label` and `dlrun note`",
        "import_": "`dlrun import`: Python has a word of that name",
    },
}
"""Modules beside those of the commands, and what for."""
OTHER_MEANINGS = {
    "csv": "the format of a table",
    "table": "what the file of a dataset is",
    "date": "a day, as a run folder has it",
    "ignore": "what Python does with errors",
    "key": "of a mapping",
    "number": "what the values of a column are read as",
    "text": "the same",
    "image": "the same",
    "images": "the form of data in folders",
    "texts": "the form of data in folders",
    "npz": "the format of an archive of arrays",
    "linear": "the activation of Keras",
    "predictions": "the folder in a run",
    "tensorboard": "the command, and the package",
}
"""Words of shelves that are something else too, which other files may name."""
ASK_THE_WORDS = {"dlrun.columns.inference"}
"""Modules of a shelf that choose among its words."""
NAMED_IN = {"keras_model": "dlrun.config.schema", "local": "dlrun.sweeps.launchers"}
"""Words of shelves that are defaults, and where."""
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


@functools.cache
def tree_of(path):
    """A module as Python reads it."""
    return ast.parse(path.read_text("utf-8"))


@functools.cache
def nodes_of(path):
    """All that stands in a module, outer things first."""
    return tuple(ast.walk(tree_of(path)))


def imports_of(path):
    """All modules that a file imports, anywhere in it, as (line, dotted name)."""
    for node in nodes_of(path):
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
    waiting = list(tree_of(path).body)
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


def expect_none(found):
    """Fail with a list of what should not be there, whole and readable."""
    lines = (
        [f"{key}: {value}" for key, value in found.items()] if isinstance(found, dict) else found
    )
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


def in_shelf(name):
    """Whether a dotted module name stands for a word of a shelf, or a plot."""
    return any(name.startswith(f"dlrun.{shelf}.") for shelf in SHELVES) and name not in NO_WORDS


def commands():
    """The commands by their words, such as `sweep best`, each as (module, name of its function)."""
    waiting = [("", typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        for name, inner in getattr(command, "commands", {}).items():
            waiting.append((f"{words} {name}".strip(), inner))
        if words and command.callback is not None:
            function = inspect.unwrap(command.callback)
            yield words, (function.__module__, function.__name__)


def functions():
    """Every function and method, as (dotted module name, its tree)."""
    for path in MODULES:
        for node in nodes_of(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield name_of(path), node


def written_by_us():
    """The functions that users do not call: no words of shelves, no commands, nothing of `api`."""
    typed = {place for _, place in commands()}
    return [
        (name, node)
        for name, node in functions()
        if not in_shelf(name) and room_of(name) != "api" and (name, node.name) not in typed
    ]


def parameters_of(function):
    """The names of what a function takes, without `self` and `cls`."""
    given = function.args
    several = [given.vararg, given.kwarg]
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, several)]
    return [one.arg for one in every if one.arg not in ("self", "cls")]


def test_every_room_has_a_floor():
    """A new room is drawn into the plan first."""
    assert {room_of(name_of(path)) for path in MODULES} - {None} <= set(FLOORS)


@pytest.mark.slow
def test_imports_point_downward():
    """A module imports its own room and the floors below; rooms of one floor do not meet."""
    upward = []
    for path in MODULES:
        here = room_of(name_of(path))
        for line, module in imports_of(path):
            there = room_of(module) if module.split(".")[0] == "dlrun" else None
            is_inside = there in (None, here) or there not in FLOORS
            is_the_face = here is None and there == "api"  # what `import dlrun` gives when asked
            if is_inside or is_the_face:
                continue
            if here is None or FLOORS[there] >= FLOORS[here]:
                upward.append(f"{path.relative_to(HOUSE.parent)}:{line}: imports {module}")
    expect_none(upward)


def test_modules_follow_concepts():
    """What does not fit on 500 lines is two things; what fills no screen is part of another."""
    lines = {name_of(path): path.read_text("utf-8").count("\n") for path in MODULES}
    packages = {name_of(path) for path in MODULES if path.name == "__init__.py"}
    free = packages | {module for _, (module, _) in commands()} | set(SHORT)
    expect_none(
        {
            name: f"{count} lines"
            for name, count in lines.items()
            if count > LONGEST_MODULE
            or (count < SHORTEST_MODULE and name not in free and not in_shelf(name))
        }
    )
    assert {name for name in SHORT if lines.get(name, SHORTEST_MODULE) >= SHORTEST_MODULE} == set()


def test_functions_are_short():
    """A function fits on a screen."""
    lengths = {
        f"{name}.{node.name}": node.end_lineno - node.lineno + 1 for name, node in functions()
    }
    expect_none(
        {name: f"{length} lines" for name, length in lengths.items() if length > LONGEST_FUNCTION}
    )


def test_functions_take_few_parameters():
    """What travels together is one object; words of shelves and commands list what users write."""
    expect_none(
        {
            f"{name}.{node.name}": f"{len(parameters_of(node))} parameters"
            for name, node in written_by_us()
            if len(parameters_of(node)) > MOST_PARAMETERS
        }
    )


@pytest.mark.parametrize("parameter", HANDED_ON)
def test_nothing_is_handed_through_dozens_of_functions(parameter):
    """Who needs the listener, the directory or the folder has the object that holds it."""
    takers = [
        f"{name}.{node.name}"
        for name, node in written_by_us()
        if parameter in parameters_of(node) and room_of(name) != "rundir"
    ]
    if len(takers) > HANDED_ON[parameter]:
        expect_none([f"{len(takers)} functions take {parameter!r}:", *takers])


@pytest.mark.parametrize("room", BESIDE_COMMANDS)
def test_one_file_is_one_command(room):
    """What `dlrun train` types and shows is cli/train.py, what it does is workflows/train.py."""
    known = {words.partition(" ")[0] for words, _ in commands()} | {"__init__"}
    files = {path.stem for path in (HOUSE / room).glob("*.py")}
    expect_none(sorted(files - known - set(BESIDE_COMMANDS[room])))
    assert set(BESIDE_COMMANDS[room]) <= files


def test_words_of_shelves_stand_on_their_shelves():
    """Whoever has to know what is special about a word asks its file."""
    words = {
        path.stem
        for path in MODULES
        if in_shelf(name_of(path)) and "plots" not in path.parts and path.stem != "__init__"
    } - set(OTHER_MEANINGS)
    written = [
        f"{path.relative_to(HOUSE.parent)}:{node.lineno}: {node.value!r}"
        for path in MODULES
        if not in_shelf(name_of(path)) and name_of(path) not in ASK_THE_WORDS
        for node in nodes_of(path)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value in words
        and NAMED_IN.get(node.value) != name_of(path)
    ]
    expect_none(written)


def test_modules_introduce_themselves():
    """A module opens with a docstring whose first line is a sentence."""
    first_lines = {
        name_of(path): (ast.get_docstring(tree_of(path)) or "").split("\n")[0] for path in MODULES
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
        is_light = room not in HEAVY_ROOMS or name_of(path).startswith(LIGHT_PACKAGES)
        if is_light and room != "backend":
            heavy[name_of(path)] = sorted(HEAVY & set(imported_on_load(path)))
    expect_none({name: packages for name, packages in heavy.items() if packages})


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
    exit_code, loaded = loaded_by(*words, cwd=tmp_path)
    assert exit_code == (2 if "broken.yaml" in words else 0)
    assert not (HEAVY | {"pydantic", "sklearn", "pandas", "matplotlib", "jinja2"}) & loaded


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
