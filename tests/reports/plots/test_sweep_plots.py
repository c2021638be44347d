"""The plots of a sweep show the numbers that it has, whatever its keys and values are called."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from dlrun.reports.plots import (
    axis_effects,
    overlaid_curves,
    pair_maps,
    parallel_coordinates,
    seed_spread,
    style,
    sweep_marks,
    sweep_shelf,
)
from dlrun.reports.sweep_data import pairs
from tests.reports.page.test_pages import HOSTILE
from tests.reports.sweeps import RATE, UNITS, WORD, grid, sweep_data


@pytest.fixture(autouse=True)
def styled():
    """As the shelf draws."""
    with style.applied():
        yield


def line(axes, label):
    """The points of a line by its label."""
    (found,) = [one for one in axes.lines if one.get_label() == label]
    return np.array(found.get_data()).T


def texts(axes):
    return [text.get_text() for text in axes.texts]


def rates(value=lambda p: p["a"] / 10 + p["b"] / 100):
    """A grid of three by two."""
    return sweep_data(grid(value, a=[1, 2, 3], b=[1, 5]))


def random(points=60, keys=(RATE, UNITS)):
    """Points drawn at random."""
    rng = np.random.default_rng(0)
    drawn = 10.0 ** rng.uniform(-4, -1, (points, len(keys)))
    return sweep_data([(dict(zip(keys, map(float, x), strict=True)), float(x[0])) for x in drawn])


def axis_of(told, key):
    (axis,) = [axis for axis in told.axes if axis.key == key]
    return axis


def test_the_effect_of_an_axis():
    """By hand: the mean and the best at each value, and every point."""
    told = rates()
    axes = axis_effects.draw(told, axis_of(told, "a")).axes[0]
    np.testing.assert_allclose(line(axes, "mean"), [(0, 0.13), (0.5, 0.23), (1, 0.33)])
    np.testing.assert_allclose(line(axes, "best"), [(0, 0.15), (0.5, 0.25), (1, 0.35)])
    dots = axes.collections[-1].get_offsets()
    assert sorted(dots[:, 1].round(4)) == [0.11, 0.15, 0.21, 0.25, 0.31, 0.35]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "2", "3"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "test accuracy")


def test_the_best_of_a_loss_is_the_smallest():
    """The other way round."""
    told = sweep_data(grid(lambda p: p["a"] + p["b"], a=[1, 2], b=[0.1, 0.2]), larger=False)
    axes = axis_effects.draw(told, axis_of(told, "a")).axes[0]
    np.testing.assert_allclose(line(axes, "best"), [(0, 1.1), (1, 2.1)])


def test_points_with_one_value_lie_beside_each_other():
    """Close to it, none on another."""
    told = sweep_data(grid(lambda _: 0.5, a=["x", "y"], b=list(range(9))))
    dots = axis_effects.draw(told, axis_of(told, "a")).axes[0].collections[-1].get_offsets()
    assert len(np.unique(dots[:, 0].round(6))) == 18
    assert (np.minimum(abs(dots[:, 0]), abs(dots[:, 0] - 1)) < 0.08).all()


def test_error_bars_over_seeds():
    """As long as the confidence interval of 95 %: Student's t of 1 degree is 12.706."""
    values = {(1, 0): 0.4, (1, 1): 0.6, (2, 0): 0.7, (2, 1): 0.7}
    told = sweep_data([({"a": a, "seed": s}, v) for (a, s), v in values.items()])
    axes = axis_effects.draw(told, told.axes[0]).axes[0]
    (bars,) = [one for one in axes.collections if isinstance(one, LineCollection)]
    lengths = sorted(float(np.ptp(path[:, 1])) for path in bars.get_segments())
    np.testing.assert_allclose(lengths, [0, 2 * 12.7062 * 0.1], rtol=1e-4)
    assert "95 % confidence" in axis_effects.caption(told, told.axes[0])


def test_texts_have_no_line_between_them():
    """Their order means nothing; that of numbers does."""
    told = sweep_data(grid(lambda p: p["a"], a=[1, 2], b=["x", "y"]))
    for key, style_of_line in (("a", "-"), ("b", "None")):
        axes = axis_effects.draw(told, axis_of(told, key)).axes[0]
        (mean,) = [one for one in axes.lines if one.get_label() == "mean"]
        assert mean.get_linestyle() == style_of_line


def test_numbers_drawn_at_random_have_no_line_through_every_dot():
    """One through the medians of groups of neighbours, and the best dot."""
    told = random()
    axes = axis_effects.draw(told, axis_of(told, RATE)).axes[0]
    medians = line(axes, "median")
    assert len(medians) == 8
    assert (np.diff(medians[:, 1]) > 0).all()
    assert line(axes, "best")[0, 1] == told.means.max()


def test_many_texts_have_no_plot_of_their_own():
    """Two hundred of them cannot be told apart."""
    told = sweep_data([({"a": f"t{n}"}, n / 200) for n in range(200)])
    assert sweep_shelf.draw_sweep(told).effects == ()


def test_a_heat_map():
    """Means in their fields, the best one framed, none where there is no run."""
    told = sweep_data(
        [({"a": a, "b": b, "c": c}, a / 10 + b / 100 + c / 1000)
         for a in (1, 2, 3) for b in (1, 2) for c in (1, 3) if (a, b) != (2, 1)]
    )  # fmt: skip
    pair = (axis_of(told, "a"), axis_of(told, "b"))
    expected = [[0.112, np.nan, 0.312], [0.122, 0.222, 0.322]]
    np.testing.assert_allclose(pair_maps.table(told, *pair), expected)
    axes = pair_maps.draw(told, pair).axes[0]
    assert texts(axes) == ["0.1120", "0.1220", "0.2220", "0.3120", "0.3220"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("b", "a")
    (frame,) = axes.patches
    assert (frame.get_x(), frame.get_y()) == (0.5, 1.5)
    assert "Hatched fields have no finished run." in pair_maps.caption(told, pair)
    assert "Hatched" not in pair_maps.caption(told, (axis_of(told, "a"), axis_of(told, "c")))


def test_a_map_of_points_drawn_at_random():
    """A dot each, the best one with a ring around it."""
    told = random()
    (pair,) = pairs(told, 3)
    axes = pair_maps.draw(told, pair).axes[0]
    dots, ring = axes.collections[:2]
    assert len(dots.get_offsets()) == 60
    np.testing.assert_array_equal(ring.get_offsets()[0], dots.get_offsets()[-1])


def test_parallel_coordinates():
    """Each line runs through the values of its point; the best one lies on top of the others."""
    told = sweep_data(grid(lambda p: p["a"] / 10, a=[1.0, 2.0, 3.0], b=["x", "y"]))
    axes = parallel_coordinates.draw(told).axes[0]
    (lines,) = [one for one in axes.collections if isinstance(one, LineCollection)]
    segments = np.array(lines.get_segments())
    assert segments.shape == (6, 3, 2)
    np.testing.assert_allclose(segments[:, 2, 0], [0, 0, 0.5, 0.5, 1, 1], atol=1e-12)
    np.testing.assert_allclose(segments[:, 0, 0], [0, 0, 0.5, 0.5, 1, 1], atol=0.06)
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), segments[-1, :, 0])
    named = [text for text in texts(axes) if text in ("a", "b", "test accuracy")]
    assert named == ["a", "b", "test accuracy"]
    assert {"x", "y", "1", "2", "3"} <= set(texts(axes))


def test_parallel_coordinates_need_two_axes_and_a_difference():
    """Else they show nothing that the other plots do not."""
    assert not parallel_coordinates.fits(sweep_data([({"a": 1}, 0.1), ({"a": 2}, 0.2)]))
    assert not parallel_coordinates.fits(sweep_data(grid(lambda _: 0.5, a=[1, 2], b=[1, 2])))


def test_seeds_of_the_best_points():
    """A row each, the best at the top; a dot each seed."""
    told = sweep_data(
        [({"a": a, "seed": s}, a / 10 + s / 100) for a in range(1, 31) for s in (1, 2)]
    )
    axes = seed_spread.draw(told).axes[0]
    assert len(axes.get_yticks()) == seed_spread.MOST_POINTS
    assert axes.get_yticklabels()[0].get_text() == "1 a=30"
    dots = axes.collections[0].get_offsets()
    np.testing.assert_allclose(dots[:2], [[3.01, 0], [3.02, 0]])
    assert "The best 15 of 30 points." in seed_spread.caption(told)


def test_long_names_of_points_become_their_values():
    """The keys stand once, above."""
    axes = {f"some_long_key_{name}": [1, 2] for name in "abc"}
    told = sweep_data(
        grid(lambda p: sum(v for k, v in p.items() if k != "seed"), **axes, seed=[0, 1])
    )
    figure = seed_spread.draw(told)
    assert figure.axes[0].get_yticklabels()[0].get_text() == "1 2, 2, 2"
    assert "some_long_key_a" in figure.get_suptitle()


@pytest.mark.parametrize(
    ("texts", "limit", "shown"),
    [
        (["relu", "tanh"], 12, ["relu", "tanh"]),
        (["{type: L2, l2: 0.1}", "{type: L2, l2: 0.2}"], 12, ["…l2: 0.1}", "…l2: 0.2}"]),
        (["a" * 30 + "1", "a" * 30 + "2"], 8, ["1 aaaa…", "2 aaaa…"]),
        (["\u202e", "\u200b"], 8, ["1 ", "2 "]),
    ],
)
def test_labels_can_be_told_apart(texts, limit, shown):
    """Whatever has to be cut."""
    assert sweep_marks.labels(texts, limit) == shown


def test_learning_curves_of_the_best():
    """One line each, numbered as in the table; runs without an epoch have none."""
    curves = [{"loss": np.array([3.0, 2.0])}, {"loss": np.array([])}, {"loss": np.array([1.0, 0])}]
    told = sweep_data([({"a": n}, n / 3) for n in range(3)], curves=curves)
    (picture,) = sweep_shelf.draw_sweep(told).curves
    assert picture.title == "Learning curves of the best"
    for empty in ([], [{}], [{"loss": np.array([])}]):
        assert sweep_shelf.draw_sweep(sweep_data([({"a": 1}, 0.5)], curves=empty)).curves == ()


def test_curves_of_a_run_that_diverged():
    """They are drawn as far as they are numbers."""
    for values in ([1.0, np.inf, np.nan], [np.nan, np.nan]):
        told = sweep_data([({"a": 1}, 0.5)], curves=[{"loss": np.array(values)}])
        assert len(sweep_shelf.draw_sweep(told).curves) == 1


def test_a_single_run_has_curves():
    """All columns that it has."""
    (run,) = [sweep_shelf._Curves("1", {"loss": np.ones(3), "val_loss": np.ones(3)})]
    assert overlaid_curves.columns([run]) == ["val_loss", "loss"]
    assert len(overlaid_curves.draw([run]).axes) == 2


STORIES = {
    "nothing": lambda: sweep_data([]),
    "no result": lambda: sweep_data([({"a": 1}, None), ({"a": 2}, None)]),
    "a single point": lambda: sweep_data([({"a": 1}, 0.5)]),
    "seeds only": lambda: sweep_data([({"seed": s}, s / 3) for s in range(3)]),
    "equal": lambda: sweep_data(grid(lambda _: 0.5, a=[1, 2], b=["x", "y"])),
    "equal seeds": lambda: sweep_data(grid(lambda _: 0.0, a=[1, 2], seed=[0, 1])),
    "huge": lambda: sweep_data([({"a": n}, (-1e99) ** (n % 2)) for n in range(4)]),
    "tiny": lambda: sweep_data([({"a": 1e-99 * n}, 1e-99 * n) for n in (1, 2, 3)], larger=False),
    "steep": lambda: sweep_data(
        [({"a": 10.0**n, "b": n % 2}, 10.0**n) for n in range(-90, 90, 20)]
    ),
    "hostile": lambda: sweep_data(
        grid(lambda p: len(str(p)) / 1000, **{key: list(HOSTILE) for key in HOSTILE[:3]}),
        objective=HOSTILE[1],
    ),
    "nested": lambda: sweep_data(
        [({"a": {"b": [n, {"c": "$x_1$"}]}, "z": n}, n / 5) for n in range(5)]
    ),
    "mixed": lambda: sweep_data(
        [({"a": v}, n / 9) for n, v in enumerate((1, "x", None, True, [2]))]
    ),
    "long": lambda: sweep_data([({"x" * 400: "y" * 400 + str(n)}, n / 15) for n in range(15)]),
    "many axes": lambda: sweep_data(
        [({f"k{k}": (n * (k + 3)) % 5 for k in range(30)}, n / 50) for n in range(50)]
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_every_sweep_can_be_drawn(name):
    """Without a warning; what says nothing is left out."""
    pictures = sweep_shelf.draw_sweep(STORIES[name]())
    drawn = [
        *pictures.effects, *pictures.pairs, *pictures.parallel, *pictures.seeds, *pictures.curves,
    ]  # fmt: skip
    for picture in drawn:
        assert picture.png.startswith(b"\x89PNG")
        assert picture.caption.endswith(".")
        assert len(picture.title) < 200
    assert bool(drawn) is (name not in ("nothing", "no result", "a single point"))
    assert len(pictures.effects) <= sweep_shelf.MOST_EFFECTS
    assert len(pictures.pairs) <= sweep_shelf.MOST_PAIRS


@pytest.mark.slow
def test_the_same_pictures_twice():
    """To the byte."""
    points = grid(lambda p: p[RATE] * p["b"], **{RATE: [0.1, 0.2]}, **{WORD: ["x", "y"]}, b=[1, 2])
    assert sweep_shelf.draw_sweep(sweep_data(points)) == sweep_shelf.draw_sweep(sweep_data(points))


@pytest.mark.parametrize(
    "metric", ["mean_absolute_error", "sparse_categorical_crossentropy", "loss"]
)
def test_a_long_objective_is_read_in_lines(metric):
    """Beside an axis, and beside the colours; whole, and no longer than the plot is high."""
    points = grid(lambda p: p["a"] + p["b"], a=[1, 2, 3], b=[1, 5])
    told = sweep_data(points, objective=f"validation {metric}", larger=False)
    for figure, of_label in (
        (axis_effects.draw(told, axis_of(told, "a")), lambda one: one.axes[0]),
        (pair_maps.draw(told, told.axes), lambda one: one.axes[-1]),
    ):
        label = of_label(figure).yaxis.label
        lines = label.get_text().split("\n")
        assert "".join(lines).replace(" ", "") == f"validation{metric}"
        assert (len(lines) == 1) is (metric == "loss")
        assert lines[0].startswith("validation")
        figure.draw_without_rendering()
        box, (_, height) = label.get_window_extent(), figure.get_size_inches() * figure.dpi
        assert box.y0 >= 0
        assert box.y1 <= height
