"""Every name in a run folder, and the splits by which its files are told apart.

```
config.yaml          the resolved config, every default written out; training it repeats the run
run.json             status, command, seed, times, host, versions, git commit, hashes of data and
                     weights, the config by dotted paths
origin.json          the config as it was written, all installed packages, the changes of a dirty
                     checkout
spec.json            shapes, feature and class names, the form of the data file, fitted scaling,
                     what was done to the labels
history.csv          one row per epoch, a second behind at most while it trains
metrics.json         final metrics per split as training measured them, class by class too
evaluations/         what `evaluate` measured later: a file for each data and weights
model.txt            the layers, their shapes and parameters
model.keras          the whole model, for every other Keras tool; it takes the data as they are
weights.safetensors  the final weights by variable path, for everyone else
initial.safetensors  the weights that it began with, where they came from another run
checkpoint/          what resume needs: all variables, the callbacks' memory, the history
extension/           a longer training of the finished run, until it is whole
predictions/         <split or file stem>.csv; inputs.json says which file came from which input
plots/               what was learned, as pictures with their numbers as CSV
report.html          the story of the run on one page that needs nothing but itself
report.json          numbers of the report: what each column is worth
notes.json           labels and a note, if you gave some
events/              what the tracker for TensorBoard wrote
log.txt              what was said
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
PLOT_FORMATS = ("png", "svg", "pdf")
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
