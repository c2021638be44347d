"""What was probably meant by a word that does not exist: misspelt, or of another library."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

SIMILARITY: Final = 0.7
"""How near a word must be to be suggested; 1 is the same word."""
AMONG_FEW: Final = 0.6
"""The same, where one of a list of words must have been meant."""
PREFIX: Final = re.compile(r"(?:val_|(?:train|validation|test)\.)?(.*)", re.DOTALL)
"""Where a name says of which rows it is: `val_acc` is `acc` of the validation rows."""

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
    """The known words that were probably meant, the likeliest first; most often one, or none.

    Args:
        word: What was written.
        known: What could have been written; of two that differ in capitals the first is named.
        similarity: See `SIMILARITY`.
    """
    names: dict[str, str] = {}
    for name in known:
        names.setdefault(name.lower(), name)
    written = word.lower()
    bare = PREFIX.fullmatch(written)
    rest = bare.group(1) if bare else written
    start = written[: len(written) - len(rest)]
    meant: tuple[str, ...] = SAYINGS.get(rest, ())
    said = tuple(names[low] for one in meant if (low := f"{start}{one}".lower()) in names)
    if meant:  # A word that is known is no other one misspelt: `rmse` is not `mse`.
        return said if meant in _TOGETHER else said[:1]
    for low, name in names.items():
        parts = low[len(start) :].split("_")
        if low.startswith(start) and len(rest) > 1 and rest == "".join(one[:1] for one in parts):
            return (name,)
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
