"""How numbers, counts, times, values, names and near words are put into words for people."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeGuard

DASH: Final = "–"  # noqa: RUF001 - what pages show in the place of a number
_SMALLEST, _LARGEST = 1e-3, 1e5  # beyond them four places hide a number or pretend too much
_TENTHS_BELOW = 9.95  # seconds; from here on they are whole
_UNITS = (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1))
MOST_QUOTED = 40  # characters of a cell or a name; what a file holds may be secret
_MOST_SHOWN = 60  # characters of a value
_MOST_KNOWN, _MOST_COLUMNS, _MOST_CLASSES = 12, 20, 10
_LEVELS = 20  # no config nests deeper; what a stranger wrote may


# Numbers and times

WRITTEN_NUMBER: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def is_number(value: object) -> TypeGuard[int | float]:
    """Say whether a value is a number: true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def format_number(value: float | None, *, missing: str = "-") -> str:
    """Write a metric: `0.9790`, `1.25e-05`, `nan`; `missing` for None."""
    if value is None:
        return missing
    if (abs(value) < _SMALLEST and value != 0) or abs(value) >= _LARGEST:
        return f"{value:.2e}"
    return f"{value:.4f}"


def format_logs(logs: Mapping[str, float]) -> list[str]:
    """Write the logs of an epoch: `["loss 0.1234", "accuracy 0.9800"]`."""
    return [f"{name} {format_number(value)}" for name, value in logs.items()]


def percent(share: float) -> str:
    """Write a share of [0, 1] in percent; 100 % only where it is all of them."""
    text = f"{100 * share:.1f}"
    return "99.9 %" if text == "100.0" and share < 1 else f"{text.removesuffix('.0')} %"


def count(number: int, one: str, several: str | None = None) -> str:
    """Write `1 row`, `2 rows`; `several` where the plural is not made by an `s`."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def tally(number: int, one: str, several: str | None = None) -> str:
    """Write a count that may be long: `1,294 rows`."""
    return f"{number:,} {count(number, one, several).partition(' ')[2]}"


def format_axes(axes: Sequence[int | None]) -> str:
    """Write the shape of one sample: `8 × 8 × 16`, `?` for an axis of any length."""  # noqa: RUF002
    return " × ".join("?" if axis is None else str(axis) for axis in axes) or "1"  # noqa: RUF001


def format_duration(seconds: float) -> str:
    """Write a time with two units at most: `0.4 s`, `12 s`, `3 min 5 s`, `4 d 2 h`."""
    if seconds < _TENTHS_BELOW:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    for large, size, small, unit in _UNITS:
        if whole >= size:
            number, rest = divmod(whole, size)
            return f"{number} {large} {rest // unit} {small}"
    return f"{whole} s"


def format_age(seconds: float) -> str:
    """Write how long ago something was, with one unit: `12 s`, `3 min`, `4 d`."""
    whole = max(round(seconds), 0)
    for name, size, _, _ in _UNITS:
        if whole >= size:
            return f"{whole // size} {name}"
    return f"{whole} s"


# Values


def as_text(value: object) -> str:
    """Write a scalar or a list of scalars as a config would say it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{', '.join(map(as_text, value))}]"
    if isinstance(value, tuple):
        return ", ".join(map(as_text, value))
    return f"{value!r}" if isinstance(value, float) else str(value)


def value_text(value: Any, levels: int = _LEVELS) -> str:
    """Write any value of a config, floats to six digits, lists and mappings `levels` deep."""
    if isinstance(value, dict | list) and not levels:
        return "…"
    if isinstance(value, dict):
        parts = [f"{key}: {value_text(item, levels - 1)}" for key, item in value.items()]
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, list):
        return f"[{', '.join(value_text(item, levels - 1) for item in value)}]"
    return f"{value:.6g}" if isinstance(value, float) else as_text(value)


def describe(value: Any) -> str:
    """A value as a message names it: `'abc'`, `3`, `true`, `null`, `[3, -1]`, `a mapping`."""
    if value is None or isinstance(value, bool):
        return as_text(value)
    text = repr(value)
    if isinstance(value, dict):
        text = "a mapping"
    elif isinstance(value, list | tuple):
        items = [item for item in value if isinstance(item, int | float | str)]
        shown = ", ".join(map(describe, items))
        fits = len(items) == len(value) and len(shown) < _MOST_SHOWN
        text = f"[{shown}]" if fits else "a list"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


# Texts of others


def printable(text: str) -> str:
    r"""Spell out all control characters but newlines: a stranger must not steer the terminal."""
    return "".join(
        character
        if character == "\n" or character.isprintable()
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def quote(text: str) -> str:
    """Put what was read in quotes, control characters spelled out, cut where it is long."""
    return repr(text) if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]!r}..."


def cut(text: str) -> str:
    """Cut a name where it is too long for a message."""
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}..."


def text_of(value: Any, limit: int = 300) -> str:
    """Write any value of a record, perhaps a stranger's, on one line of bounded length."""
    line = " ".join((DASH if value is None else str(value)).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


# Names


def listed(names: Iterable[str]) -> str:
    """Names in one line, no more than a dozen: `'a', 'b', 'c'`."""
    shown = [f"'{name}'" for name in names]
    return ", ".join(shown if len(shown) <= _MOST_KNOWN else [*shown[:_MOST_KNOWN], "..."])


def list_some(names: Sequence[str], most: int, show: Callable[[str], str] = str) -> str:
    """Write the first names, and how many more there are: `a, b and 3 more`."""
    shown = ", ".join(map(show, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def list_columns(names: Sequence[str]) -> str:
    """Write the names of columns in quotes, twenty at most."""
    return list_some(names, _MOST_COLUMNS, quote)


def list_names(names: Sequence[str]) -> str:
    """Write the same without quotes, as a note for the eye."""
    return list_some(names, _MOST_COLUMNS, cut)


def list_classes(names: Sequence[str]) -> str:
    """Write the names of classes without quotes, ten at most."""
    shown = ", ".join(map(cut, names[:_MOST_CLASSES]))
    return shown if len(names) <= _MOST_CLASSES else f"{shown}, ..."


# Points of a sweep


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Shorten dotted keys such as `optimizer.learning_rate` to their last parts, where unique."""
    lasts = [key.rpartition(".")[2] for key in keys]
    return {
        key: last if lasts.count(last) == 1 else key for key, last in zip(keys, lasts, strict=True)
    }


def settings_of(values: Mapping[str, Any]) -> str:
    """Write what tells a run apart from the others: `learning_rate=0.01 seed=3`."""
    names = short_names(tuple(values))
    return " ".join(f"{names[key]}={value_text(value)}" for key, value in values.items())


def choice_in_words(split: str) -> str | None:
    """What the choice of the best run by a split does to its metrics; None for validation rows."""
    drawbacks = {
        "test": "the best is chosen on the test rows, so its test metrics flatter it; ",
        "train": "the best is chosen on the training rows, which say nothing of new ones; ",
    }
    drawback = drawbacks.get(split)
    return drawback and f"{drawback}dataset.validation_split keeps rows for choosing"


# Near words

SIMILARITY: Final = 0.7
"""How near a word must be to be suggested; 1 is the same word."""
AMONG_FEW: Final = 0.6
"""The same, where one of a list of words must have been meant."""
# Where a name says of which rows it is: `val_acc` is `acc` of the validation rows.
_PREFIX: Final = re.compile(r"(?:val_|(?:train|validation|test)\.)?(.*)", re.DOTALL)

_CROSSENTROPIES: Final = (
    "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy",
)  # fmt: skip
_ACCURACIES: Final = (
    "accuracy", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
)  # fmt: skip
_FOCAL: Final = ("binary_focal_crossentropy", "categorical_focal_crossentropy")
_TOP_K: Final = ("top_k_categorical_accuracy", "sparse_top_k_categorical_accuracy")

_SAID: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (_CROSSENTROPIES, "ce xent crossentropy cross_entropy crossentropyloss cross_entropy_loss"),
    (
        _CROSSENTROPIES,
        "crossentropy_loss nll nll_loss nllloss log_loss logloss negative_log_likelihood",
    ),
    (("binary_crossentropy",), "bceloss bce_loss bce_with_logits bcewithlogitsloss"),
    (("binary_crossentropy",), "binary_cross_entropy"),
    (("categorical_crossentropy",), "cce categorical_cross_entropy"),
    (("sparse_categorical_crossentropy",), "scce sce sparse_crossentropy"),
    (_FOCAL, "focal focal_loss focal_crossentropy"),
    (("huber",), "smooth_l1 smooth_l1_loss smoothl1loss huber_loss"),
    (("mean_absolute_error",), "l1 l1_loss l1loss"),
    (("mean_squared_error",), "l2_loss mse_loss mseloss quadratic brier brier_score"),
    (("root_mean_squared_error",), "rmse root_mse"),
    (("r2_score",), "r2 r_squared rsquared r2score"),
    (("kl_divergence",), "kl kld kl_div kldiv kullback_leibler_divergence"),
    (("cosine_similarity",), "cosine cosine_proximity cosine_distance"),
    (("log_cosh", "log_cosh_error"), "logcosh log_cosh"),
    (("pearson_correlation",), "pearson pearsonr corr correlation"),
    (("concordance_correlation",), "ccc concordance"),
    (_ACCURACIES, "acc accuracy_score"),
    (_TOP_K, "topk top_k top_k_accuracy top_k_accuracy_score top5 top_5 top_5_accuracy"),
    (("f1_score",), "f1 f1score f_score fscore f_measure fmeasure"),
    (("f_beta_score", "fbeta_score"), "fbeta f_beta f2"),
    (("auc",), "roc roc_auc rocauc auroc roc_auc_score"),
    (("auc",), "pr_auc prauc auprc aucpr average_precision average_precision_score"),
    (("precision",), "prec ppv precision_score"),
    (("recall",), "rec tpr sensitivity recall_score"),
    (("specificity_at_sensitivity",), "specificity tnr"),
    (("true_positives",), "tp"),
    (("true_negatives",), "tn"),
    (("false_positives",), "fp"),
    (("false_negatives",), "fn"),
    (("MeanIoU", "mean_io_u"), "miou mean_iou jaccard jaccard_score"),
    (("learning_rate",), "lr eta rate step_size"),
    (("epochs",), "nb_epoch num_epochs n_epochs max_epochs"),
    (("batch_size",), "bs batchsize"),
    (("weight_decay",), "wd"),
    (("units",), "output_dim"),
    (("filters",), "nb_filter"),
    (("kernel_size",), "filter_length"),
    (("pool_size",), "pool_length"),
    (("strides",), "subsample subsample_length"),
    (("padding",), "border_mode"),
    (("rate",), "p"),
    (("kernel_initializer",), "init"),
    (("kernel_regularizer",), "w_regularizer"),
    (("bias_regularizer",), "b_regularizer"),
    (("Dense",), "fc linear fully_connected"),
    (("BatchNormalization",), "batchnorm batch_norm batchnorm1d batchnorm2d"),
    (("LayerNormalization",), "layernorm layer_norm"),
    (("Conv2D",), "conv convolution2d"),
    (("MaxPooling2D",), "maxpool max_pool maxpool2d"),
)
"""What abbreviations, and names of scikit-learn, of PyTorch and of older versions of Keras, mean
here: the first that there is, or, where the word does not choose between them, all. Where there is
none, nothing was meant that is there."""

SAYINGS: Final = {word: meant for meant, words in _SAID for word in words.split()}

_TOGETHER: Final = (_CROSSENTROPIES, _FOCAL, _TOP_K)
"""Meanings between which no word chooses, so that all are named."""


def near_words(
    word: str, known: Iterable[str], *, similarity: float = SIMILARITY
) -> tuple[str, ...]:
    """The known words that were probably meant, the likeliest first; most often one, or none."""
    names: dict[str, str] = {}
    for name in known:  # of two that differ in capitals the first is named
        names.setdefault(name.lower(), name)
    written = word.lower()
    bare = _PREFIX.fullmatch(written)
    rest = bare.group(1) if bare else written
    start = written[: len(written) - len(rest)]
    meant: tuple[str, ...] = SAYINGS.get(rest, ())
    said = tuple(names[low] for one in meant if (low := f"{start}{one}".lower()) in names)
    if meant:  # A word that is known is no other one misspelt: `rmse` is not `mse`.
        return said if meant in _TOGETHER else said[:1]
    for low, name in names.items():
        parts = low[len(start) :].split("_")
        if low.startswith(start) and len(rest) > 1 and rest == "".join(one[:1] for one in parts):
            return (name,)  # its initials: `bs` is `batch_size`
    from difflib import get_close_matches  # noqa: PLC0415 - few configs are misspelt

    near = get_close_matches(written, names, n=1, cutoff=similarity)
    return tuple(names[one] for one in near)


def near_word(word: str, known: Iterable[str]) -> str | None:
    """The likeliest of `near_words`; None where there is none."""
    return next(iter(near_words(word, known)), None)


def did_you_mean(word: str, known: Iterable[str], *, similarity: float = SIMILARITY) -> str | None:
    """`Did you mean 'epochs'?`, or None where nothing is near."""
    quoted = [f"'{one}'" for one in near_words(word, known, similarity=similarity)]
    if not quoted:
        return None
    either = [", ".join(quoted[:-1])] if quoted[1:] else []
    return f"Did you mean {' or '.join([*either, quoted[-1]])}?"


CONFIGS: Final = (".yaml", ".yml")
"""Endings of the files of configs, which are never meant where data are."""


def meant_file(path: Path) -> str | None:
    """Tell which file or folder was probably meant by a path where there is none.

    What its name ends with makes a name no nearer: `.yaml` is all that many have in common.
    """
    names: dict[str, str] = {}
    with suppress(OSError, ValueError):
        for one in sorted(
            path.parent.iterdir(), key=lambda one: (one.suffix != path.suffix, one.name)
        ):
            if path.suffix in ("", one.suffix) or not {path.suffix, one.suffix} & set(CONFIGS):
                names.setdefault(one.stem, one.name)
    near = near_word(path.stem, names)
    return None if near is None else f"Did you mean '{names[near]}'?"
