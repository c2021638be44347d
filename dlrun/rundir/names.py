"""Every name in a run folder, and the splits by which its files are told apart.

```
config.yaml          the resolved config, every default written out; training it repeats the run
run.json             status, format version, command, seed, flat config, times, pid and host, hashes
origin.json          the config as it was written, all packages, the changes of a dirty checkout
spec.json            shapes, dtypes, feature and class names, fitted scaling, form of the labels
history.csv          one row per epoch
metrics.json         final metrics per split, as training measured them
evaluations/         what was measured later; one file for each data and weights
model.txt            the model summary
model.keras          the whole model, for every other Keras tool
weights.safetensors  the final weights by variable path, for everyone else
initial.safetensors  the weights that it began with, where they came from another run
checkpoint/          what resume needs; committed atomically
extension/           a longer training of this finished run, until it is whole
predictions/         <split or file stem>.csv; inputs.json: which file came from which input
plots/  report.html  what was learned, as pictures and as a page
report.json          numbers of the report that stand nowhere else: what each column is worth
notes.json           labels and a note, given after the run was started
events/              what the tracker for TensorBoard wrote
log.txt
```
"""

from __future__ import annotations

CONFIG = "config.yaml"
RECORD = "run.json"
ORIGIN = "origin.json"
SPEC = "spec.json"
HISTORY = "history.csv"
METRICS = "metrics.json"
EVALUATIONS = "evaluations"
MODEL_SUMMARY = "model.txt"
MODEL = "model.keras"
WEIGHTS = "weights.safetensors"
INITIAL_WEIGHTS = "initial.safetensors"
CHECKPOINT = "checkpoint"
EXTENSION = "extension"  # a run folder of its own, see `dlrun.rundir.extension`
PREDICTIONS = "predictions"
INPUTS = "inputs.json"  # in `predictions/`: which file came from which input
PLOTS = "plots"
REPORT = "report.html"
REPORT_NUMBERS = "report.json"
NOTES = "notes.json"
EVENTS = "events"
LOG = "log.txt"

SPLITS = TRAIN, VALIDATION, TEST = ("train", "validation", "test")
"""In the order in which they are shown; see `dlrun.rundir.metrics` for that of judging."""

COMPARISON = "comparison.html"  # the page that compares runs; it stands beside their folders

SWEEP = "sweep.json"  # what a sweep was asked for; it stands beside the folders of its runs
SWEEP_PAGE = "sweep.html"
SWEEP_TABLE = "results.csv"

TRASH = ".trash"  # holds what `dlrun rm` has taken away; it stands beside the folders of the runs

LOCK = ".lock"
"""Held open and locked by the process that works in the folder, which it names; else empty."""

OWNER = ".owner"
"""Names the process that works in the folder, where the system locks no files."""

TURN = ".turn"
"""Names the process that changes a small file of the folder, where the system locks no files."""

TEMPORARY_PREFIX = ".tmp-"  # what the name of a file begins with until it is complete
