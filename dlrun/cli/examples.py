"""One or two examples of each command, which its help, the man page and the reference show."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final = {
    "init": (
        "dlrun init images -o digits.yaml",
        "dlrun init --data table.csv --target species -o species.yaml",
    ),
    "data": (
        "dlrun data table.csv --target species",
        "dlrun data config.yaml -o table.html",
        "dlrun data photos",
    ),
    "validate": (
        "dlrun validate config.yaml --summary",
        "dlrun validate config.yaml --explain training",
    ),
    "list": ("dlrun list layers", "dlrun list layers Conv2D"),
    "schema": ("dlrun schema > dlrun.schema.json",),
    "train": (
        "dlrun train config.yaml --set training.epochs=20",
        "dlrun train config.yaml --set 'optimizer.learning_rate=[0.1,0.01]' --set seed=0..4",
    ),
    "sweep": ("dlrun sweep rates.yaml --jobs 4", "dlrun sweep show runs/rates"),
    "sweep run": ("dlrun sweep rates.yaml --budget 2h",),
    "sweep show": ("dlrun sweep show runs/rates",),
    "sweep best": ("dlrun sweep best runs/rates -o best.yaml",),
    "sweep report": ("dlrun sweep report runs/rates",),
    "resume": ("dlrun resume latest", "dlrun resume latest --epochs 100"),
    "watch": ("dlrun watch latest",),
    "reproduce": ("dlrun reproduce latest",),
    "evaluate": (
        "dlrun evaluate latest --split test",
        "dlrun evaluate latest --data new.csv --threshold best-f1",
    ),
    "predict": (
        "dlrun predict latest new.csv --keep name -o answers.csv",
        "dlrun predict latest 5.1,3.5,1.4,0.2",
    ),
    "explain": ("dlrun explain latest --row 3", "dlrun explain latest 0.3,0.1"),
    "weights": ("dlrun weights latest", "dlrun weights latest dense --csv"),
    "report": ("dlrun report latest", "dlrun report 4x2a 7bqc -o comparison.html"),
    "serve": ("dlrun serve latest --port 8000",),
    "open": ("dlrun open latest",),
    "export": (
        "dlrun export latest bundle onnx",
        "dlrun export latest '{type: litert, quantize: int8}'",
    ),
    "import": ("dlrun import bundle.zip", "dlrun import old.zip --list"),
    "runs": (
        "dlrun runs --where 'status=finished and test.accuracy>0.9' --best 5",
        "dlrun runs --columns name,seed,test.accuracy --latex",
    ),
    "board": ("dlrun board", "dlrun board --port 0 --no-open"),
    "compare": (
        "dlrun compare --where 'name~iris' --metric test.accuracy",
        "dlrun compare 4x2a 7bqc --latex",
    ),
    "diff": ("dlrun diff 4x2a 7bqc",),
    "label": ("dlrun label latest good paper", "dlrun label latest good --remove"),
    "note": ("dlrun note latest 'with the cleaned table'",),
    "tensorboard": ("dlrun tensorboard",),
    "verify": ("dlrun verify latest",),
    "archive": (
        "dlrun archive latest -o paper.zip",
        "dlrun archive --where 'age>90d and not label=keep' -o old.zip --remove",
    ),
    "du": ("dlrun du",),
    "rename": ("dlrun rename latest first_good_one",),
    "rm": ("dlrun rm 4x2a", "dlrun rm --where 'status=failed'"),
    "restore": ("dlrun restore", "dlrun restore --empty"),
    "doctor": ("dlrun doctor",),
    "warm": ("dlrun warm --idle 30",),
    "warm status": ("dlrun warm status",),
    "warm stop": ("dlrun warm stop",),
}
"""The command lines, by the names of the commands; runs are called as `dlrun runs` calls them."""

WHERE_TO_READ_ON: Final = {
    "sweep": "docs/how-to/sweeps.md",
    "data": "docs/how-to/own-tables.md",
    "init": "docs/how-to/own-tables.md",
    "predict": "docs/how-to/predict.md",
    "export": "docs/how-to/hand-over.md",
    "serve": "docs/how-to/serve.md",
    "explain": "docs/how-to/look-inside.md",
    "compare": "docs/explanation/statistics.md",
    "runs": "docs/how-to/many-runs.md",
    "resume": "docs/explanation/exactness.md",
    "reproduce": "docs/explanation/exactness.md",
    "train": "README.md",
    "warm": "docs/how-to/start-at-once.md",
    "board": "docs/how-to/board.md",
    "archive": "docs/how-to/keeping-house.md",
    "import": "docs/how-to/hand-over.md",
    "watch": "docs/how-to/board.md",
    "rm": "docs/how-to/keeping-house.md",
    "tensorboard": "docs/how-to/trackers.md",
}
"""The page that tells more of a command, where there is one of its own."""


def ending(name: str) -> str | None:
    """What stands at the end of a command's help: its examples, and where to read on.

    The sign in front keeps click from wrapping the lines.
    """
    if name not in EXAMPLES:
        return None
    title = "Example" if len(EXAMPLES[name]) == 1 else "Examples"
    lines = [f"{title}:", *(f"  {line}" for line in EXAMPLES[name])]
    if name in WHERE_TO_READ_ON:
        lines.append(f"More: {WHERE_TO_READ_ON[name]}")
    return "\b\n" + "\n".join(lines)
