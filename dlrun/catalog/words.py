"""Every word that a config may use, by kind, with what it takes and where it is defined."""

import inspect
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Final, Literal, NamedTuple

from dlrun.catalog import applications, cache, keras_names, shelves, signatures, source
from dlrun.catalog.keras_names import LOSS_ONLY, METRIC_ONLY, REFUSED, SAME_MINIMUM
from dlrun.catalog.kinds import KINDS, named_kind, nested_kind
from dlrun.catalog.signatures import Parameter
from dlrun.wording import AMONG_FEW, SAYINGS, did_you_mean


@dataclass(frozen=True)
class Word:
    """One word of the language."""

    kind: str  # a key of `KINDS`
    name: str  # the canonical one, such as `CategoricalCrossentropy`
    origin: Literal["keras", "dlrun"]
    module: str  # the dotted one that defines it
    parameters: tuple[Parameter, ...]  # what a config can give to it, in the order of the source

    def parameter(self, name: str) -> Parameter | None:
        """The argument of that name, or None."""
        return next((one for one in self.parameters if one.name == name), None)

    def nests(self, argument: str) -> str | None:
        """The kind of word that an argument of this word takes, or None for a literal."""
        if KINDS[self.kind].keras:
            return nested_kind(argument)
        taken = self.parameter(argument)
        is_mapping = taken is not None and (taken.annotation or "").startswith("Mapping")
        return named_kind(argument) if is_mapping else None


# A word without a file of its own: `dlrun.training` makes it of the metrics of Keras.
NAMED = Parameter("name", required=False, default="accuracy", doc="Its name in the logs.")
ACCURACY: Final = Word("metrics", "accuracy", "dlrun", "dlrun.training", (NAMED,))
ACCURACY_DOC: Final = "The share of rows whose class is right, whatever form the labels have."


class Package(NamedTuple):
    """A package by its two names."""

    module: str  # what is imported
    project: str  # what pip installs
    extra: str | None = None  # of dlrun, that brings it along

    @property
    def is_installed(self) -> bool:
        """Whether it is there; nothing is imported."""
        return find_spec(self.module.partition(".")[0]) is not None


# What words of Keras need that dlrun does not bring along.
NEEDED: Final[dict[str, dict[str, Package]]] = {
    "callbacks": {
        "OrbaxCheckpoint": Package("orbax.checkpoint", "orbax-checkpoint"),
        "RemoteMonitor": Package("requests", "requests"),
        "TensorBoard": Package("tensorboard", "tensorboard"),
    },
    "initializers": {"STFT": Package("scipy", "scipy")},
    "layers": {"STFTSpectrogram": Package("scipy", "scipy")},
}


@lru_cache
def words(kind: str) -> tuple[str, ...]:
    """The canonical names of a kind, dlrun's own first, each group in the order of its source."""
    own = (ACCURACY.name,) if kind == ACCURACY.kind else tuple(shelves.origins(kind))
    return tuple(dict.fromkeys((*own, *keras_names.origins(kind))))


@lru_cache
def spellings(kind: str) -> dict[str, str]:
    """The canonical names by the other spellings of the words of a kind."""
    found = {"acc": ACCURACY.name} if kind == ACCURACY.kind else {}
    return keras_names.aliases(kind) | shelves.second_names(kind) | found


@lru_cache
def canonical(kind: str, word: str) -> str | None:
    """The canonical name for a word or one of its aliases, or None where there is no such word."""
    if word in words(kind):
        return word
    return spellings(kind).get(word.lower() if kind == "optimizers" else word)


@lru_cache(maxsize=4096)  # all words are asked for at once by whoever lists them
def find(kind: str, word: str) -> Word | None:
    """What the catalog knows about a word or one of its aliases, or None."""
    name = canonical(kind, word)
    if name is None:
        return None
    if (kind, name) == (ACCURACY.kind, ACCURACY.name):
        return ACCURACY
    own = shelves.origins(kind).get(name)
    if own is not None:
        return Word(kind, name, "dlrun", own, shelves.parameters(kind, name))
    module, original, _ = keras_names.origins(kind)[name]
    if kind == "activations":
        takes = signatures.of_function(module, original)[1:]  # the first one is the tensor
    elif applications.is_application(name) and kind == keras_names.APPLICATIONS_AMONG:
        takes = applications.parameters(name)
    else:
        takes = signatures.of_class(module, original)
    return Word(kind, name, "keras", module, takes)


def suggest(kind: str, word: str) -> str | None:
    """`Did you mean 'Dense'?`, of words and aliases; None where nothing is near."""
    known = (*words(kind), *keras_names.aliases(kind))
    return did_you_mean(word, known, similarity=AMONG_FEW)


def refusal(kind: str, word: str) -> str | None:
    """Why a word that Keras has cannot be used in a config; None where nothing is known."""
    if kind == "metrics" and canonical(kind, word) is None and canonical("losses", word):
        return LOSS_ONLY
    metric = metric_meant(word) if kind == "losses" else None
    if metric is not None:
        instead = SAME_MINIMUM.get(metric)
        return "; ".join(filter(None, (METRIC_ONLY.format(metric), instead)))
    return REFUSED.get(kind, {}).get(word)


def metric_meant(word: str) -> str | None:
    """The metric that a word is or means: `f1` is `f1_score`; None for a loss, or neither."""
    names = (*SAYINGS.get(word.lower(), ()), word)
    if any(canonical("losses", name) for name in names):
        return None
    return next((name for name in names if canonical("metrics", name)), None)


def missing_package(kind: str, word: str) -> Package | None:
    """The package that a word needs and that is not installed; nothing is imported."""
    name = canonical(kind, word) or ""
    of_keras = NEEDED.get(kind, {}).get(name)
    own = [Package(one, one, name) for one in shelves.needs(kind, name)]
    needed = own if of_keras is None else [of_keras]
    return next((package for package in needed if not package.is_installed), None)


SENTENCE: Final = re.compile(
    r".+?(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!a\.k\.a)[.!?](?=\s+[A-Z`\"(*]|$)"
)
SECTION_OR_CODE: Final = re.compile(r"^(?:[A-Z][\w ]*:$|```|>>>|[-*] |\$\$)", re.MULTILINE)
OPEN_END: Final = re.compile(r":$|\bas$")  # of a paragraph that only leads to a formula
LINK: Final = re.compile(r"\[([^\]]+)\]\(\s*[^)]*\)")
CLASS_DOCSTRING: Final = r'^class {name}\b[^:]*:\n    r?"""(.*?)"""'


@lru_cache
def aliases(kind: str) -> dict[str, tuple[str, ...]]:
    """The other spellings of a kind's words, sorted, by canonical name."""
    found: dict[str, list[str]] = {}
    for alias, name in spellings(kind).items():
        if canonical(kind, alias) == name:
            found.setdefault(name, []).append(alias)
    return {name: tuple(sorted(spelt)) for name, spelt in found.items()}


def gist(kind: str, name: str) -> str:
    """The first sentence about a word, by its canonical name."""
    summary = source.summary(_docstring(kind, name))
    sentence = SENTENCE.match(summary)
    return without_links(sentence[0] if sentence else summary)


def prose(kind: str, name: str) -> tuple[str, ...]:
    """The first paragraphs about a word, two at most, up to the first section or piece of code."""
    docstring = _docstring(kind, name)
    end = SECTION_OR_CODE.search(docstring)
    paragraphs = docstring[: end.start() if end else None].strip().split("\n\n")
    told = [without_links(" ".join(paragraph.split())) for paragraph in paragraphs[:2]]
    return tuple(paragraph for paragraph in told if paragraph and not OPEN_END.search(paragraph))


def family(kind: str, name: str) -> str | None:
    """The group that Keras puts a layer into, such as `pooling`; None for other kinds."""
    if kind != "layers":
        return None
    _, _, package, group, *_ = keras_names.origins(kind)[name].module.split(".")
    return group if package == "layers" else package


@lru_cache
def family_members(name: str) -> tuple[str, ...]:
    """The layers of a group, such as `applications`; none where there is no such group."""
    return tuple(one for one in words("layers") if family("layers", one) == name)


def without_links(line: str) -> str:
    """A line of Markdown without the addresses: `a [logit](https://...)` becomes `a logit`."""
    return LINK.sub(r"\1", line)


def _docstring(kind: str, name: str) -> str:
    if name not in words(kind):
        return ""
    if (kind, name) == (ACCURACY.kind, ACCURACY.name):
        return ACCURACY_DOC
    if name in shelves.origins(kind):
        return shelves.docstring(kind, name)
    if kind == keras_names.APPLICATIONS_AMONG and applications.is_application(name):
        return applications.docstring(name)
    module, original, _ = keras_names.origins(kind)[name]
    return _keras_docstring("function" if kind == "activations" else "class", module, original)


@cache.kept("docstrings", str, cache.text)
def _keras_docstring(of: str, module: str, name: str) -> str:
    if of == "function":
        return source.docstring_of(source.function(module, name))
    # Cut out of its file where that is possible without parsing.
    pattern = CLASS_DOCSTRING.format(name=re.escape(name))
    found = re.search(pattern, source.module_text(module), re.MULTILINE | re.DOTALL)
    if found is None or "\\" in found[1]:
        return source.docstring_of(source.class_head(module, name))
    return inspect.cleandoc(found[1])
