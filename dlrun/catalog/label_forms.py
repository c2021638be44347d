"""What form each family of losses wants its targets in."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, Literal, NamedTuple

from dlrun.catalog.words import canonical

Found = Iterator[tuple[str, str]]
"""What does not fit, and how to mend it."""

LabelForm = Literal["index", "one_hot", "binary", "sign", "value"]

_LOSSES: Final[dict[LabelForm, tuple[str, ...]]] = {
    "one_hot": (
        "CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge",
        "KLDivergence",
    ),
    "index": (
        "SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy", "Circle",
    ),
    "binary": ("BinaryCrossentropy", "BinaryFocalCrossentropy"),
    "sign": ("Hinge", "SquaredHinge"),
}  # fmt: skip
LABEL_FORMS: Final = {loss: form for form, losses in _LOSSES.items() for loss in losses}
"""Every loss that is not named here takes numbers as they are."""

TargetLabels = Literal["one_hot", "flags", "shares", "fractions", "numbers"]
"""What targets are that are no classes: the first of these that fits.

- `one_hot`: each last axis is a single 1 among zeros.
- `flags`: 0 and 1.
- `shares`: each last axis sums to 1.
- `fractions`: from 0 to 1.
- `numbers`: any others.
"""


class Targets(NamedTuple):
    """What is seen of targets that are no classes."""

    labels: TargetLabels
    below_zero: bool = False
    zero: bool = False
    low: float | None = None  # of all of them, as the loss gets them; None: not known
    high: float | None = None
    scaled: str | None = None  # by what `dataset.target_scale`


SQUASHED: Final = frozenset({"hard_sigmoid", "sigmoid", "softmax"})
"""Activations that turn logits into probabilities."""


def is_crossentropy(loss: str) -> bool:
    """Whether a loss, by name or alias, takes the logarithm of probabilities."""
    return "crossentropy" in (canonical("losses", loss) or "").lower()


def label_form(loss: str | None) -> LabelForm:
    """Return how targets are handed to a loss, by name or alias; None where nothing is trained."""
    name = canonical("losses", loss) if loss else None
    return LABEL_FORMS.get(name or "", "value")


def fitted_form(
    loss: str | None, outputs: tuple[int | None, ...], activation: str | None
) -> LabelForm:
    """Return how labels of classes are handed to a loss after a last layer that gives `outputs`."""
    form = label_form(loss)
    if form == "value" and activation in SQUASHED:
        form = "binary"  # one output between 0 and 1 gets labels that it can reach
    return form if outputs == (1,) or form == "index" else "one_hot"


def out_of_range(name: str, *, below_zero: bool, zero: bool) -> Found:
    """Tell of which targets a loss or a metric of quantities cannot be taken."""
    if below_zero and name in ("Poisson", "MeanSquaredLogarithmicError"):
        what = f"{name} takes targets from 0 on, but some are below 0."
        yield what, "Use mean_squared_error or mean_absolute_error."
    if zero and name == "MeanAbsolutePercentageError":
        yield f"{name} divides by the targets, but some are 0.", "Use mean_absolute_error."


Labels = Literal[
    "index", "one_hot", "binary", "sign", "codes", "flags", "shares", "fractions", "numbers"
]
"""What a metric gets as labels."""

Outputs = Literal["probability", "logit", "score"]
"""What a model gives; `score` is any other number."""


class _Form(NamedTuple):
    """A form of labels: how a message calls it, and which metric of each purpose fits it."""

    are: str
    fits: str
    logarithm: str | None = None
    overlap: str | None = None
    sign: str | None = None
    best: str | None = None


_BY_POSITION: Final = (
    "categorical_crossentropy",
    "{{type: OneHotMeanIoU, num_classes: {units}}}",
    "categorical_hinge",
    "top_k_categorical_accuracy",
)
_FORMS: Final[dict[Labels, _Form]] = {
    # The first four are those of `LabelForm`.
    "index": _Form(
        "the labels of this loss are class numbers",
        "accuracy",
        "sparse_categorical_crossentropy",
        "{{type: MeanIoU, num_classes: {units}, sparse_y_pred: false}}",
        best="sparse_top_k_categorical_accuracy",
    ),
    "one_hot": _Form("the labels are one-hot", "accuracy", *_BY_POSITION),
    "binary": _Form("there is one output", "accuracy", "binary_crossentropy", "BinaryIoU"),
    "sign": _Form("this loss uses -1 and +1", "accuracy", sign="hinge"),
    # Two numbers of the data that stand for two classes, such as 2 and 4.
    "codes": _Form("the labels are the numbers of the data", "accuracy"),
    # Several columns or positions of 0 and 1.
    "flags": _Form(
        "each output has a label of 0 or 1 of its own",
        "binary_accuracy",
        "binary_crossentropy",
        "BinaryIoU",
    ),
    # Rows that sum to 1, such as soft labels.
    "shares": _Form("the targets are shares of classes", "categorical_accuracy", *_BY_POSITION),
    # Numbers between 0 and 1; then any others.
    "fractions": _Form(
        "the targets are fractions", "mean_absolute_error or r2_score", "binary_crossentropy"
    ),
    "numbers": _Form("the targets are numbers", "mean_absolute_error or r2_score"),
}


class Kind(NamedTuple):
    """Metrics that take the same labels, and how a message calls these."""

    words: str  # with spaces between
    takes: frozenset[str]
    called: str


_CLASSES: Final = frozenset({"index", "one_hot", "binary", "sign", "codes"})
_ZERO_ONE: Final = frozenset({"binary", "flags", "one_hot"})
_OF_0_AND_1: Final = "labels of 0 and 1"
_ROWS: Final = frozenset({"one_hot", "shares"})
_MEASURED: Final = frozenset({"fractions", "numbers"})

KINDS: Final[dict[str, Kind]] = {
    # The accuracy that fits itself to the labels. Keras, too, takes the word `Accuracy` for that,
    # and its class of that name compares outputs with labels as they are: 0.3 is not 0.
    "accuracy": Kind("accuracy acc Accuracy", _CLASSES, "classes"),
    "sparse": Kind(
        "SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy",
        frozenset({"index"}),
        "class numbers",
    ),
    "confusion": Kind("IoU MeanIoU", _ROWS | {"index"}, "classes of several outputs"),
    "categorical": Kind(
        "CategoricalAccuracy CategoricalCrossentropy CategoricalHinge TopKCategoricalAccuracy "
        "OneHotIoU OneHotMeanIoU KLDivergence",
        _ROWS,
        "one-hot labels",
    ),
    "binary_crossentropy": Kind("BinaryCrossentropy", _ZERO_ONE | {"fractions"}, _OF_0_AND_1),
    "binary": Kind("BinaryAccuracy BinaryIoU", _ZERO_ONE, _OF_0_AND_1),
    "count": Kind(
        "FalseNegatives FalsePositives Precision Recall TrueNegatives TruePositives",
        _ZERO_ONE,
        _OF_0_AND_1,
    ),
    "curve": Kind(  # they try many thresholds between 0 and 1
        "AUC PrecisionAtRecall RecallAtPrecision SensitivityAtSpecificity SpecificityAtSensitivity",
        _ZERO_ONE,
        _OF_0_AND_1,
    ),
    "f_score": Kind("F1Score FBetaScore", _ZERO_ONE, _OF_0_AND_1),
    "sign": Kind("Hinge SquaredHinge", (_ZERO_ONE | {"sign"}) - _ROWS, "labels of -1 and +1"),
    "quantity": Kind(
        "MeanAbsolutePercentageError MeanSquaredLogarithmicError Poisson",
        _MEASURED,
        "numbers that are measured or counted",
    ),
    "correlation": Kind(
        "ConcordanceCorrelation PearsonCorrelation", _MEASURED, "several numbers a row"
    ),
    "distance": Kind(
        "LogCoshError MeanAbsoluteError MeanSquaredError R2Score RootMeanSquaredError",
        (_CLASSES | {"flags", "shares"} | _MEASURED) - {"index"},
        "numbers",
    ),
    "direction": Kind("CosineSimilarity", _ROWS | {"flags"} | _MEASURED, "vectors"),
}
_KIND_OF: Final = {word: kind for kind, (words, *_) in KINDS.items() for word in words.split()}
_BY_OUTPUT: Final = ("binary", "binary_crossentropy")
"""Kinds that hold every output against a label of 0 or 1 of its own."""

ACCURACY: Final = frozenset(KINDS["accuracy"].words.split())
F_SCORES: Final = frozenset(KINDS["f_score"].words.split())
OVERLAPS: Final = frozenset({"IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"})
"""Metrics that are told by arguments what labels and outputs are."""
SUM_TO_ONE: Final = frozenset(
    {"CategoricalCrossentropy", "KLDivergence", "SparseCategoricalCrossentropy"}
)
LOGARITHMS: Final = SUM_TO_ONE | {"BinaryCrossentropy"}
"""Metrics that take logarithms of probabilities."""
CANCELLING: Final = frozenset({"R2Score", "LogCoshError"})
"""Metrics that subtract nearly equal numbers, so that float32 may leave no digit of them."""

_PURPOSES: Final = {
    "logarithm": LOGARITHMS | {"Poisson"},
    "overlap": OVERLAPS | {"BinaryIoU"},
    "sign": frozenset({"Hinge", "SquaredHinge", "CategoricalHinge"}),
    "best": frozenset({"TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"}),
}


class Handed(NamedTuple):
    """What a metric is handed."""

    labels: Labels
    outputs: Outputs | None
    units: int | None  # the size of the last axis of the outputs
    axes: int = 1  # how many axes the output of one row has
    alone: bool = False  # every output speaks for itself, as sigmoids do, not all for one choice
    named: bool = True  # the classes are known by name; `accuracy` needs that
    below_zero: bool = False  # some target is
    zero: bool = False  # some target is


def handed(
    *,
    loss: str | None,
    from_logits: bool,
    activation: str | None,
    outputs: tuple[int | None, ...],
    form: LabelForm,
    values: Sequence[float] | None = None,
    targets: Targets | None = None,
) -> Handed:
    """Tell what the metrics of a model are handed, which gives `outputs` for one row.

    `values` are the numbers of classes that are handed over as numbers, `targets` what was seen of
    targets that are no classes; the activation of the last layer is None where it is not known.
    """
    kind: Outputs | None = "score"
    if from_logits:
        kind = "logit"
    elif activation is None or activation in SQUASHED:
        kind = None if activation is None else "probability"
    units = outputs[-1] if outputs else None
    labels: Labels = "codes"
    if targets is not None:
        labels = _labels(targets, loss, activation)
    elif form != "value":
        labels = form
    elif tuple(values or (0, 1)) in ((0, 1), (-1, 1)):
        labels = "sign" if values and values[0] else "binary"
    sigmoids = activation in ("sigmoid", "hard_sigmoid") or label_form(loss) == "binary"
    alone = units == 1 or labels == "flags" or (sigmoids and activation != "softmax")
    if labels == "flags" and outputs == (1,):
        labels = "binary"
    is_low, has_zero = (False, False) if targets is None else (targets.below_zero, targets.zero)
    return Handed(labels, kind, units, len(outputs), alone, targets is None, is_low, has_zero)


def _labels(targets: Targets, loss: str | None, activation: str | None) -> Labels:
    """Read targets as the loss and the last layer do: a row of a softmax is one choice."""
    one_choice = label_form(loss) == "one_hot" or activation == "softmax"
    if targets.labels == "one_hot" and not one_choice:
        return "flags"
    if targets.labels == "shares" and not one_choice:
        return "fractions"
    return targets.labels


def misfit(component: Mapping[str, Any], got: Handed) -> tuple[str, str] | None:
    """Say why a metric would give a number that means nothing, and how to mend it; or None."""
    word = component["type"]
    found = chain(
        _misread_labels(word, got),
        _misshapen(word, component, got),
        _told_otherwise(word, component, got),
        _beyond_the_outputs(word, component, got),
        _misread_outputs(word, component, got),
        out_of_range(word, below_zero=got.below_zero, zero=got.zero),
    )
    return next(found, None)


def caution(component: Mapping[str, Any], got: Handed) -> str | None:
    """Say what a user should know of a metric that fits but says less than its name; or None."""
    word = component["type"]
    chosen = component.get("class_id") is not None or component.get("top_k") is not None
    is_pooled = _KIND_OF.get(word) in ("count", "curve") and not component.get("multi_label")
    if not is_pooled or chosen or got.labels != "one_hot" or got.alone:
        return None
    fix = "'class_id: 1' looks at one class"
    if word == "AUC":
        fix = "'multi_label: true' takes the mean over the classes"
    elif _KIND_OF[word] == "count" and word not in ("Precision", "Recall"):
        fix = "Precision and Recall look at one class with 'class_id: 1'"
    classes = f"all {got.units} classes" if got.units else "all classes"
    return f"{word} pools {classes}, so it is not that of one class; {fix}."


def _misread_labels(word: str, got: Handed) -> Found:
    """Labels of a form that the metric does not take."""
    kind = _KIND_OF.get(word, "")
    if kind not in KINDS:
        return
    _, takes, called = KINDS[kind]
    together = kind in _BY_OUTPUT and got.labels == "one_hot" and not got.alone
    nameless = kind == "accuracy" and not got.named
    if got.labels in takes and not together and not nameless:
        return
    fix, are = f"Use {_fitting(word, got)}.", _FORMS[got.labels].are
    what = f"{word} takes {called}, but {are}."
    if nameless:
        are = "the target is a number" if got.labels == "numbers" else are
        what = f"accuracy needs classes, but {are}."
    elif together:
        what = f"{word} takes each output for itself, but together they choose one class."
    elif kind == "sparse" and got.labels in _CLASSES:
        what = f"{word} takes class numbers, which the labels of this loss are not."
        fix = "Use accuracy, or the loss sparse_categorical_crossentropy."
    elif got.labels == "index":
        what = f"{word} does not take class numbers, which the labels of this loss are."
        if fix == "Use accuracy.":
            fix = "Use accuracy, a sparse metric, or the loss categorical_crossentropy."
    elif got.labels == "sign" and called == _OF_0_AND_1:
        fix = "Use accuracy; dlrun evaluate prints precision and recall per class."
    elif got.labels == "binary" and takes != _ROWS:
        what = f"{word} takes {called}, but the labels are 0 and 1."
    yield what, fix


def _fitting(word: str, got: Handed) -> str:
    """Return the metric that fits, of the same purpose where there is one."""
    purpose = next((name for name, words in _PURPOSES.items() if word in words), "fits")
    found: str | None = getattr(_FORMS[got.labels], purpose)
    if got.labels == "one_hot" and not got.named and (purpose == "fits" or found is None):
        return "categorical_accuracy"
    return (found or _FORMS[got.labels].fits).format(units=got.units or "N")


def _misshapen(word: str, component: Mapping[str, Any], got: Handed) -> Found:
    """Outputs of a shape that the metric cannot take, or takes for another."""
    if got.axes > 1 and (word in F_SCORES | {"R2Score"} or component.get("multi_label")):
        what = f"{word} takes one vector of outputs a row, but here a row has several."
        fix = "Leave 'multi_label' out." if word == "AUC" else f"Use {_fitting(word, got)}."
        yield what, fix
    fewest = {"PearsonCorrelation": 3, "ConcordanceCorrelation": 2, "CosineSimilarity": 2}
    if got.units is not None and got.units < fewest.get(word, 0):
        there = "is one" if got.units == 1 else f"are {got.units}, so that it is -1 or 1"
        what = f"{word} compares the outputs of one row with each other, but there {there}."
        yield what, f"Use {_fitting(word, got)}."
    axis = component.get("axis", -1)
    if axis not in (-1, got.axes):
        what = f"The outputs of one row stand on the last axis, which is -1, got {axis}."
        yield what, "Leave 'axis' out."


def _beyond_the_outputs(word: str, component: Mapping[str, Any], got: Handed) -> Found:
    """Arguments that name outputs that there are not, or all of them."""
    units, best, chosen = got.units, component.get("k", component.get("top_k")), "class_id"
    if units is None:
        return
    numbered = "the only one is 0" if units == 1 else f"they are 0 to {units - 1}"
    if isinstance(best, int) and best >= units:
        always = "is always 1" if "k" in component else "takes every output for a yes"
        fix = f"Use {_fitting('', got)}." if units <= 2 else "Use a smaller number."  # noqa: PLR2004
        yield f"{word} of the best {best} of {units} outputs {always}.", fix
    if isinstance(component.get(chosen), int) and component[chosen] >= units:
        yield f"There is no output {component[chosen]}: {numbered}.", f"Leave '{chosen}' out."
    if component.get("num_labels") not in (None, units):
        what = f"There are {units} outputs, got 'num_labels: {component['num_labels']}'."
        yield what, "Leave 'num_labels' out."
    if word not in OVERLAPS:
        return
    if component.get("num_classes") != units:
        what = f"There are {units} classes, got 'num_classes: {component.get('num_classes')}'."
        yield what, f"Set 'num_classes: {units}'."
    ids = component.get("target_class_ids")
    if isinstance(ids, list | tuple) and any(one >= units for one in ids):
        yield f"There is no class {max(ids)}: {numbered}.", "Give other 'target_class_ids'."


def _told_otherwise(word: str, component: Mapping[str, Any], got: Handed) -> Found:
    """Arguments that say of labels and outputs what they are not."""
    if component.get("from_sorted_ids"):
        what = f"{word} with 'from_sorted_ids' takes class numbers, but the outputs are scores."
        yield what, "Leave 'from_sorted_ids' out."
    if word in OVERLAPS:
        wanted = {"sparse_y_pred": False}
        is_confusion = _KIND_OF[word] == "confusion"
        if is_confusion:
            wanted["sparse_y_true"] = got.labels == "index"
        wrong = [
            f"'{name}: {str(value).lower()}'"
            for name, value in wanted.items()
            if component.get(name, is_confusion) != value
        ]
        if wrong:
            labels = "class numbers" if got.labels == "index" else "rows with one number a class"
            what = f"{word} is told otherwise than it is: the outputs of a row are one score a"
            yield f"{what} class, and the labels are {labels}.", f"Give it {' and '.join(wrong)}."
    threshold = component.get("thresholds", component.get("threshold"))
    if got.outputs == "probability" and threshold in (0, 1):
        answer = "yes" if threshold == 0 else "no"
        what = f"{word} at {threshold:g} takes every probability for a {answer}."
        yield what, "Give a threshold between 0 and 1."
    if component.get("from_logits") and got.outputs == "probability":
        what = f"{word} would take logits, but the outputs are probabilities."
        yield what, "Leave 'from_logits' out."


def _misread_outputs(word: str, component: Mapping[str, Any], got: Handed) -> Found:
    """Outputs that are not the probabilities, or the signs, that the metric takes."""
    if _KIND_OF.get(word) == "sign" and (got.outputs == "probability" or got.labels in _ZERO_ONE):
        if got.outputs not in ("logit", None):
            what = f"{word} tells classes apart by sign, but a probability is never negative."
            yield what, f"Use {_fitting('', got)}."
    elif got.outputs == "probability":
        if word in SUM_TO_ONE and got.alone:
            what = f"{word} takes probabilities that sum to 1, but each sigmoid stands alone."
            yield what, "Use binary_crossentropy, or 'activation: softmax'."
    elif got.outputs is not None and not _takes_any_number(word, component, got):
        are = "the outputs are logits" if got.outputs == "logit" else "other numbers come out"
        yield f"{word} takes probabilities, but {are}.", _mend_outputs(word, got)


def _takes_any_number(word: str, component: Mapping[str, Any], got: Handed) -> bool:
    """Whether a metric is right of logits or scores."""
    is_logit, chooses, kind = got.outputs == "logit", not got.alone, _KIND_OF.get(word)
    if word in LOGARITHMS:
        right = is_logit and bool(component.get("from_logits"))
    elif kind == "curve":
        # The order of the sigmoids of logits is not that of their softmax.
        right = word == "AUC" and bool(component.get("from_logits")) and not chooses
    elif kind == "f_score":
        # The largest logit is the largest probability; thresholds of Keras's lie in (0, 1].
        right = component.get("threshold") is None if chooses else not is_logit
    elif kind in ("count", *_BY_OUTPUT):
        given = component.get("thresholds", component.get("threshold"))
        moved = given is not None and given != 0.5  # noqa: PLR2004 - Keras's default
        top = component.get("top_k") is not None
        right = top if chooses else (top or not is_logit or moved)
    else:
        measures = kind in ("distance", "quantity", "correlation", "direction")
        right = not (measures and is_logit and got.labels != "numbers")
    return right


def _mend_outputs(word: str, got: Handed) -> str:
    """Say how a metric of probabilities gets them, or does without."""
    if got.alone and (word == "AUC" or (word == "BinaryCrossentropy" and got.outputs == "logit")):
        return "Give it 'from_logits: true', or use accuracy."
    if got.outputs == "logit" and word in SUM_TO_ONE - {"KLDivergence"}:
        return "Give it 'from_logits: true', or use accuracy."
    if got.outputs == "logit" and got.alone and _KIND_OF.get(word) in ("count", *_BY_OUTPUT):
        name = "thresholds" if _KIND_OF[word] == "count" else "threshold"
        return f"Give it '{name}: 0', or use accuracy."
    ending = "sigmoid" if got.alone else "softmax"
    rest = " and no 'from_logits'" if got.outputs == "logit" else ""
    return f"Use {_FORMS[got.labels].fits}, or end with 'activation: {ending}'{rest}."
