"""A layer as the functions of this package see it: arguments of a known type, and its refusals."""

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, NoReturn, TypeVar

Shape = tuple[int | None, ...]
"""The shape of one sample, without the batch; None for a size that is not known."""


class Weight(NamedTuple):
    """One weight of a layer, by Keras's name; a size is None only where the input is not known."""

    name: str
    shape: Shape
    trainable: bool = True


class Output(NamedTuple):
    """What a layer gives for one sample, and the weights that it keeps, in the order of Keras."""

    shape: Shape
    weights: tuple[Weight, ...] | None = ()  # None: only the built layer tells


class MisfitError(Exception):
    """A layer cannot take its input; `argument`, such as `layer.units`, decides it, or nothing."""

    def __init__(self, what: str, fix: str, argument: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.argument = argument


class UnknownShapeError(Exception):
    """What a layer gives cannot be told before the model is built."""


def unknown() -> NoReturn:
    """End the walk here, by an `UnknownShapeError`."""
    raise UnknownShapeError


def known(sizes: Sequence[int | None]) -> tuple[int, ...]:
    """Return the same sizes; ends the walk where one is not known."""
    shape = tuple(size for size in sizes if size is not None)
    return shape if len(shape) == len(sizes) else unknown()


def each(function: Callable[..., int], sizes: Shape, *others: Iterable[Any]) -> Shape:
    """Apply a function to every size, and to what stands beside it in others; None stays None."""
    rows = zip(sizes, *others, strict=True)
    return tuple(None if size is None else function(size, *rest) for size, *rest in rows)


def count_parameters(weights: Iterable[Weight], *, trainable: bool | None = None) -> int:
    """Count the numbers in the weights that training changes, in the others, or (None) in all."""
    return sum(
        math.prod(known(weight.shape))
        for weight in weights
        if trainable in (None, weight.trainable)
    )


def show(shape: Iterable[int | None]) -> str:
    """Write `(8, 8, 1)`, `(3,)`; a size that is not known is `any`."""
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


_F = TypeVar("_F", bound=Callable[..., Output])

DATA: Final = "input"
"""The name of the data among the inputs of layers."""
OURS: Final = ("type", "name", "inputs", "weights", "trainable")
"""The keys of a layer that are no arguments of the Keras class."""
AXES: Final = {
    1: ("features",),
    2: ("steps", "features"),
    3: ("height", "width", "channels"),
    4: ("depth", "height", "width", "channels"),
}
"""What the axes of a sample are called, by their number."""
NO_NUMBERS: Final = ("lora_rank", "quantization_config")
"""Arguments that change the weights in ways that are left to Keras."""


@dataclass(frozen=True)
class Layer:
    """A layer of a config.

    Every accessor ends the walk where the argument is missing or of another type: what is wrong
    with an argument alone is told elsewhere.
    """

    type: str
    arguments: Mapping[str, Any]  # defaults filled in
    inputs: tuple[str, ...] = ()
    prefix: str = ""  # the arguments that lead to it, such as `layer.` inside a wrapper

    @property
    def rank(self) -> int:
        """Over how many axes it moves, as its name says: 2 for `Conv2DTranspose`."""
        return next(int(letter) for letter in self.type if letter.isdigit())

    def value(self, name: str) -> Any:
        """Return an argument, whatever it is."""
        return self.arguments[name] if name in self.arguments else unknown()

    def whole(self, name: str, *, low: int = 1) -> int:
        """Return a whole number that is not below a limit."""
        return _whole(self.value(name), low)

    def wholes(self, name: str) -> tuple[int, ...]:
        """Return a list of whole numbers of any sign, or one of them, as a tuple."""
        value = self.value(name)
        items = value if isinstance(value, list | tuple) else [value]
        return tuple(_whole(item, -sys.maxsize) for item in items)

    def window(self, name: str, rank: int, *, low: int = 1) -> tuple[int, ...]:
        """Return one whole number for every axis; a single one stands for all of them."""
        return _window(self.value(name), rank, low)

    def margins(self, name: str, rank: int) -> tuple[tuple[int, ...], ...]:
        """Return two whole numbers for every axis: what is added or cut before and behind."""
        value = self.value(name)
        if rank == 1:
            return (_window(value, 2, 0),)
        items = value if isinstance(value, list | tuple) else [value] * rank
        if len(items) != rank:
            unknown()
        return tuple(_window(item, 2, 0) for item in items)

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self.value(name)
        return value if isinstance(value, bool) else unknown()

    def choice(self, name: str, *choices: str) -> str:
        """Return one of several words."""
        value = self.value(name)
        word = value.lower() if isinstance(value, str) else value
        return word if isinstance(word, str) and word in choices else unknown()

    def inner(self, name: str) -> "Layer":
        """Return the layer that a wrapper holds."""
        value = self.value(name)
        if not isinstance(value, dict) or not isinstance(value.get("type"), str):
            unknown()
        return Layer(value["type"], value, (), f"{self.prefix}{name}.")

    @property
    def is_channels_first(self) -> bool:
        """Whether the channels stand before the other axes; dlrun's default is behind them."""
        if self.arguments.get("data_format") is None:
            return False
        return self.choice("data_format", "channels_first", "channels_last") == "channels_first"

    def refuse(self, what: str, fix: str, argument: str = "") -> NoReturn:
        """Tell that the layer cannot take its input, by a `MisfitError`."""
        raise MisfitError(what, fix, f"{self.prefix}{argument}".rstrip("."))

    def got(self, *shapes: Shape) -> str:
        """Say what was received: `(2,) from the data`, `(4,) from 'a' and (8,) from 'b'`."""
        names = self.inputs if len(self.inputs) == len(shapes) else ("",) * len(shapes)
        return " and ".join(
            show(shape) + (" from the data" if name == DATA else f" from '{name}'" * bool(name))
            for shape, name in zip(shapes, names, strict=True)
        )

    def expect_rank(self, shape: Shape, rank: int) -> None:
        """Refuse a sample with another number of axes, and name a Reshape that mends it."""
        if len(shape) == rank:
            return
        names = AXES[rank]
        if self.is_channels_first:
            names = (names[-1], *names[:-1])
        shown = f"({names[0]},)" if rank == 1 else f"({', '.join(names)})"
        what = f"{self.type} takes an input of shape {shown}, got {self.got(shape)}."
        self.refuse(what, _way_to(shape, rank, is_channels_first=self.is_channels_first))

    def axis(self, axis: int, shape: Shape, argument: str = "axis") -> int:
        """Return the position in a sample of an axis that counts the batch as 0."""
        rank = len(shape) + 1
        if not -rank <= axis < rank or axis % rank == 0:
            what = f"{self.type} has '{argument}: {axis}', but its input is {self.got(shape)}."
            numbers = f"axes are 1 to {rank - 1}" if len(shape) > 1 else "only axis is 1"
            fix = f"Its {numbers}, or -1 for the last one; 0 is that of the batch."
            self.refuse(what, fix, argument)
        return axis % rank - 1

    def axes(self, shape: Shape, argument: str = "axis") -> tuple[int, ...]:
        """Return the positions in a sample of all axes that an argument names."""
        return tuple(self.axis(axis, shape, argument) for axis in self.wholes(argument))


def layer_of(mapping: Mapping[str, Any]) -> Layer:
    """Read a layer of a config, `{"type": word, "inputs": names, **arguments}`."""
    arguments = {key: value for key, value in mapping.items() if key not in OURS}
    return Layer(mapping["type"], arguments, tuple(mapping["inputs"] or ()))


ONE_INPUT: Final[dict[str, Callable[[Layer, Shape], Output]]] = {}
"""Which function knows the shape of which layer that reads one other; by Keras's name."""
SEVERAL_INPUTS: Final[dict[str, Callable[..., Output]]] = {}
"""The same of the layers that read two others or more."""


def shape_of(*types: str, table: dict[str, Any] = ONE_INPUT) -> Callable[[_F], _F]:
    """Register a function as the one that knows the shape of these layers."""

    def register(function: _F) -> _F:
        table.update(dict.fromkeys(types, function))
        return function

    return register


def output_of(layer: Layer, *shapes: Shape) -> Output:
    """Return what a layer makes of its inputs; ends the walk where that is left to Keras."""
    is_plain = all(layer.arguments.get(name) is None for name in NO_NUMBERS)
    if is_plain and layer.type in SEVERAL_INPUTS and len(shapes) > 1:
        return SEVERAL_INPUTS[layer.type](layer, *shapes)
    if is_plain and layer.type in ONE_INPUT and len(shapes) == 1:
        return ONE_INPUT[layer.type](layer, shapes[0])
    return unknown()


def _whole(value: Any, low: int) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if is_whole and value >= low else unknown()


def _window(value: Any, rank: int, low: int) -> tuple[int, ...]:
    items = value if isinstance(value, list | tuple) else [value] * rank
    return tuple(_whole(item, low) for item in items) if len(items) == rank else unknown()


def _way_to(shape: Shape, rank: int, *, is_channels_first: bool) -> str:
    """Say which layer brings a sample to another number of axes."""
    if rank == 1:
        return "Put a Flatten layer before it."
    sizes = _reshaped(shape, rank)
    if is_channels_first and len(shape) < rank:
        sizes = [sizes[-1], *sizes[:-1]]
    target = ", ".join(map(str, sizes))
    return f"Put {{type: Reshape, target_shape: [{target}]}} before it."


def _reshaped(shape: Shape, rank: int) -> Sequence[int | str]:
    numbers = [size for size in shape if size is not None]
    if len(numbers) < len(shape) or not numbers:
        return AXES[rank]
    if len(shape) > rank:
        return [*numbers[: rank - 1], -1]
    if len(shape) == 1 and rank == len("hwc"):
        side = math.isqrt(numbers[0])  # 784 numbers are taken for an image of 28 x 28
        return [side, side, 1] if side * side == numbers[0] else [numbers[0], 1, 1]
    return [*numbers, *[1] * (rank - len(shape))]
