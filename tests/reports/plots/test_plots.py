"""Each plot is made where it fits, and shows what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dlrun.arrays import Scaling
from dlrun.reports.plots import (
    confusion_matrix,
    decision_boundary,
    first_kernels,
    fitted_curve,
    learning_curves,
    misclassified,
    predicted_true,
    reliability_diagram,
    residuals,
    roc_curves,
    shelf,
    style,
    weight_histograms,
)
from dlrun.reports.run_data import Layer
from tests.marking import first
from tests.reports.stories import classification, experiment, regression


@pytest.fixture(autouse=True)
def styled():
    """As the shelf draws."""
    with style.applied():
        yield


def names(data):
    return {plot.NAME for plot in shelf.PLOTS if plot.fits(data)}


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_what_fits_a_classification_of_two_columns():
    """Everything about classes, and the plane."""
    assert names(classification()) == {
        "learning_curves",
        "decision_boundary",
        "confusion_matrix",
        "roc_curves",
        "precision_recall_curves",
        "reliability",
        "weight_histograms",
    }


def test_what_fits_a_regression():
    """With one column the curve; with two it has none."""
    common = {"learning_curves", "predicted_true", "residuals", "weight_histograms"}
    assert names(regression()) == common | {"fitted_curve"}
    assert names(regression(columns=2)) == common


def test_what_fits_images():
    """Mistakes and kernels, flattened or not."""
    assert {"misclassified", "first_kernels"} <= names(classification(input_shape=(8, 8, 1)))
    flat = classification(input_shape=(64,))
    assert not {"misclassified", "first_kernels"} & names(flat)
    flat = replace(flat, spec=replace(flat.spec, image_shape=(8, 8, 1)))
    assert {"misclassified", "first_kernels"} <= names(flat)


def test_six_rows_have_no_curves():
    """Where there is too little, nothing is pretended."""
    few = names(classification(classes=2, rows=6))
    assert not {"roc_curves", "precision_recall_curves", "reliability"} & few


def test_scores_are_not_probabilities():
    """A hinge has ROC curves, but nothing to be reliable about."""
    data = classification()
    hinged = replace(data, spec=replace(data.spec, output="score"))
    assert "roc_curves" in names(hinged)
    assert "reliability" not in names(hinged)


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (2, "where dots of more than 0.5 lie below it, and where dots of less than 0.5 lie above"),
        (3, "probabilities mean what they say; below it the model is too sure of itself."),
    ],
)  # fmt: skip
def test_on_which_side_a_model_is_too_sure(classes, said):
    """Of two classes the probability of the second is drawn, which may be small and sure."""
    assert said in reliability_diagram.caption(classification(classes=classes))


def test_nothing_trained_has_no_learning_curves():
    """As with `epochs: 0`."""
    assert "learning_curves" not in names(classification(history={}))


@pytest.mark.parametrize(
    "data",
    first(
        4,
        [
            classification(),
            classification(classes=8, rows=3000),
            classification(input_shape=(8, 8, 3), classes=11),
            regression(),
            classification(classes=2),
            classification(classes=40, rows=2000, input_shape=(5,)),
            regression(targets=3),
            regression(columns=2, rows=1),
        ],
    ),
    ids=["planes", "eight", "colours", "curve", "two", "many", "targets", "single"],
)
def test_every_plot_that_fits_can_be_drawn(data):
    """A PNG with a title and a caption; its axes are named."""
    for picture in shelf.draw_plots(data):
        assert picture.png.startswith(b"\x89PNG")
        assert picture.title
        assert picture.caption.endswith(".")
    for plot in shelf.PLOTS:
        if plot.fits(data) and plot.NAME not in ("misclassified", "first_kernels"):
            figure = plot.draw(data)
            lowest = [axes for axes in figure.axes if axes.axison][-1]
            assert lowest.get_xlabel() or lowest.get_ylabel() or figure.get_supxlabel()


@pytest.mark.slow
def test_the_same_picture_twice():
    """To the byte."""
    one, other = (shelf.draw_plots(classification(rows=60)) for _ in range(2))
    assert one == other


def test_learning_curves():
    """Training and validation in each panel, the best epoch marked; no panel without a curve."""
    history = {
        "loss": np.array([1.0, 0.5, 0.3]),
        "accuracy": np.array([0.5, 0.6, 0.7]),
        "val_loss": np.array([1.1, 0.6, 0.7]),
        "val_accuracy": np.array([0.5, 0.55, 0.5]),
    }
    figure = learning_curves.draw(classification(history=history))
    loss, accuracy = figure.axes
    assert (loss.get_title("left"), accuracy.get_title("left")) == ("loss", "accuracy")
    assert accuracy.get_xlabel() == "epoch"
    assert [line.get_label() for line in loss.lines][:2] == ["training", "validation"]
    np.testing.assert_array_equal(loss.lines[1].get_ydata(), history["val_loss"])
    assert texts(loss) == ["best epoch 2: 0.6"]
    assert texts(accuracy) == []
    assert loss.get_yscale() == "linear"


def test_a_loss_over_orders_of_magnitude_is_logarithmic():
    """Its marks are plain numbers."""
    figure = learning_curves.draw(classification(history={"loss": np.geomspace(1, 1e-3, 30)}))
    figure.canvas.draw()
    assert figure.axes[0].get_yscale() == "log"
    assert "0.01" in [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_a_learning_rate_is_shown_when_it_moves():
    """A constant one is no news."""
    loss = np.array([1.0, 0.9])
    moving = {"loss": loss, "learning_rate": np.array([0.1, 0.01])}
    assert len(learning_curves.draw(classification(history=moving)).axes) == 2
    still = {"loss": loss, "learning_rate": np.array([0.1, 0.1])}
    assert len(learning_curves.draw(classification(history=still)).axes) == 1


def test_the_best_epoch_is_that_of_the_callback_that_watched():
    """Its quantity, and its sense of better."""
    watching = "{type: EarlyStopping, monitor: accuracy}"
    history = {"loss": np.array([1.0, 0.5, 0.3]), "accuracy": np.array([0.5, 0.7, 0.6])}
    data = classification(experiment=experiment(callbacks=watching), history=history)
    loss, accuracy = learning_curves.draw(data).axes
    assert (texts(loss), texts(accuracy)) == ([], ["best epoch 2: 0.7"])


def test_history_with_holes_and_infinity():
    """A run that diverged can be looked at."""
    history = {"loss": np.array([1.0, np.inf, np.nan]), "val_loss": np.full(3, np.nan)}
    style.save(learning_curves.draw(classification(history=history)), "png", "a title")


def test_confusion_matrix_names_and_counts():
    """True classes down, predicted ones across; percents of the true class."""
    data = classification(classes=2, names=("no", "yes"))
    axes = confusion_matrix.draw(data).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["no", "yes"]
    (right, wrong), _ = data.classification.confusion
    assert texts(axes)[0] == str(right)
    assert texts(axes)[1] == f"{100 * right / (right + wrong):.0f} %"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")


@pytest.mark.parametrize(("classes", "numbers"), [(12, True), (20, True), (30, False)])
def test_confusion_matrix_of_many_classes(classes, numbers):
    """Numbers as far as they can be read."""
    axes = confusion_matrix.draw(classification(classes=classes, rows=3000)).axes[0]
    assert bool(texts(axes)) is numbers


def test_the_surest_mistake_comes_first():
    """Each with its true and its predicted class, and how sure the model was."""
    data = classification(input_shape=(8, 8, 1), rows=400)
    axes = misclassified.draw(data).axes[0]
    sure = [int(text.removesuffix(" %")) for text in texts(axes) if text.endswith("%")]
    assert sure == sorted(sure, reverse=True)
    wrong = data.judged.y_true != data.judged.y_pred
    assert len(axes.images) == min(wrong.sum(), 100)
    top = np.flatnonzero(wrong)[data.judged.outputs[wrong].max(axis=1).argmax()]
    assert texts(axes)[0] == f"{data.judged.y_true[top]} → {data.judged.y_pred[top]}"


def test_no_gallery_of_a_perfect_model():
    """There is nothing to show."""
    data = classification(input_shape=(8, 8, 1))
    judged = replace(data.judged, y_true=data.judged.y_pred)
    assert not misclassified.fits(replace(data, rows={"test": judged}))


def test_roc_curves():
    """Of two classes one curve; of many the three weakest in colour, all of them drawn."""
    two = roc_curves.draw(classification(classes=2)).axes[0]
    assert [line.get_label()[:1] for line in two.lines] == ["1", "_"]
    many = roc_curves.draw(classification(classes=10, rows=2000)).axes[0]
    assert len(many.lines) == 10 + 1
    assert len(many.get_legend().get_texts()) == 3


def test_reliability():
    """A dot for each bin that has rows, and the error in words."""
    data = classification(classes=2)
    found, _ = reliability_diagram.measured(data)
    upper, lower = reliability_diagram.draw(data).axes
    assert len(upper.collections[-1].get_offsets()) == len(found.rows)
    assert texts(upper) == [f"ECE {found.error:.3f}"]
    assert sum(patch.get_height() for patch in lower.patches) == 200


def test_a_panel_for_each_target():
    """And two for its residuals."""
    data = regression(targets=2)
    assert [axes.get_xlabel() for axes in predicted_true.draw(data).axes] == ["true t0", "true t1"]
    assert len(residuals.draw(data).axes) == 4
    assert len(fitted_curve.draw(data).axes) == 2


def test_the_fitted_curve_is_in_units_of_the_data():
    """The model takes scaled columns; the reader does not."""
    data = regression()
    scaled = replace(data.spec, scaling=Scaling("standard", (100.0,), (10.0,)))
    axes = fitted_curve.draw(replace(data, spec=scaled)).axes[0]
    x, y = axes.lines[0].get_data()
    assert 99 < x.min() < x.max() < 111
    kernel = data.weights["dense/kernel"][0, 0]
    np.testing.assert_allclose(y, (x - 100) / 10 * kernel, rtol=1e-3)


def test_the_boundary_lies_where_the_answer_changes():
    """A model that asks for x1 > x2 has the diagonal."""

    def answer(x):
        p = 1 / (1 + np.exp(-8 * (x[:, :1] - x[:, 1:])))
        return np.concatenate([1 - p, p], axis=1).astype(np.float32)

    axes = decision_boundary.draw(classification(classes=2, answer=answer)).axes[0]
    (border,) = [one for one in axes.collections if one.get_zorder() == 2 or hasattr(one, "levels")]
    points = np.concatenate([path.vertices for path in border.get_paths()])
    np.testing.assert_allclose(points[:, 0], points[:, 1], atol=1e-3)


def test_one_answer_everywhere_has_no_boundary():
    """It can still be drawn."""
    data = classification(classes=2, decide=lambda outputs: np.zeros(len(outputs), np.int64))
    style.save(decision_boundary.draw(data), "png", "a title")


def test_kernels_of_dense_and_convolution():
    """As images, also behind layers that keep pixels; not behind ones that move them."""
    data = classification(input_shape=(8, 8, 1), classes=4)
    assert first_kernels.first_kernels(data)["dense"].shape == (4, 8, 8, 1)
    conv = Layer("conv", "Conv2D", ("flat",), (6, 6, 5), 50)
    flat = Layer("flat", "Dropout", ("input",), (8, 8, 1), 0)
    weights = {"conv/kernel": np.ones((3, 3, 1, 5), np.float32)}
    data = replace(data, layers=(flat, conv), weights=weights)
    assert first_kernels.first_kernels(data)["conv"].shape == (5, 3, 3, 1)
    pooled = replace(flat, type="MaxPooling2D")
    assert not first_kernels.fits(replace(data, layers=(pooled, conv)))


def test_weights_that_are_not_finite_are_not_drawn():
    """A histogram of them would be none."""
    weights = {"dense/kernel": np.array([[np.nan]], np.float32)}
    assert not weight_histograms.fits(classification(weights=weights))
    assert not weight_histograms.fits(classification(weights={}))


def test_bounded_rows_are_told():
    """The caption says how many of how many."""
    data = classification()
    judged = replace(data.judged, total=1_000_000)
    for picture in shelf.draw_plots(replace(data, rows={**data.rows, "test": judged})):
        told = "From 200 of the 1,000,000 rows, evenly spaced." in picture.caption
        exact = ("learning_curves", "confusion_matrix", "weight_histograms")
        assert told is (picture.name not in exact)


def test_answers_that_are_not_finite():
    """Plots of them are left out, and the others are drawn."""
    data = classification(rows=300)
    outputs = np.full_like(data.judged.outputs, np.nan)
    judged = replace(data.judged, outputs=outputs)
    data = replace(data, rows={"test": judged}, answer=lambda x: np.full((len(x), 3), np.nan))
    assert not {"roc_curves", "precision_recall_curves", "reliability"} & names(data)
    shelf.draw_plots(data)
    data = regression()
    judged = replace(data.judged, y_pred=np.full_like(data.judged.y_pred, np.inf))
    data = replace(data, rows={"test": judged})
    assert names(data) == {"learning_curves", "weight_histograms"}
    shelf.draw_plots(data)


def test_bars_of_weights_end_below_their_legend():
    """However many arrays a layer has, and however even they are."""
    generator = np.random.default_rng(0)
    shapes = {"gru/kernel": (16, 96), "gru/recurrent_kernel": (32, 96), "gru/bias": (2, 96)}
    shapes |= {f"norm/{name}": (64,) for name in ("gamma", "beta", "mean", "variance")}
    shapes |= {"dense/kernel": (32, 10), "dense/bias": (10,)}
    weights = {name: generator.uniform(-1, 1, shape) for name, shape in shapes.items()}
    figure = weight_histograms.draw(replace(classification(rows=20), weights=weights))
    figure.canvas.draw()
    panels = [panel for panel in figure.axes if panel.patches]
    assert len(panels) == 3
    for panel in panels:
        highest = max(bars.get_xy()[:, 1].max() for bars in panel.patches)
        top = panel.transData.transform((0, highest))[1]
        assert top <= panel.get_legend().get_window_extent().y0
