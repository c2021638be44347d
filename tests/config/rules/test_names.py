"""Names of layers and metrics."""


def test_two_layers_cannot_share_a_name(say):
    """The second one is told where the first one is."""
    assert say("model.layers[1].name=hidden") == [
        "model.layers[1].name: The name 'hidden' is taken by model.layers[0]. Choose another name."
    ]


def test_the_name_of_the_data_is_taken(say):
    """`input` is what layers read the data by."""
    assert say("model.layers[1].name=input") == [
        "model.layers[1].name: The name 'input' is that of the data. Choose another name."
    ]


def test_names_without_letters_or_with_slashes(say):
    """Keras uses slashes for paths of weights."""
    assert say("model.layers[0].name=a/b", "model.layers[1].name=''") == [
        (
            "model.layers[0].name: The name 'a/b' holds a slash, which Keras does not allow. "
            "Write 'a_b'."
        ),
        "model.layers[1].name: The name is empty. Leave it out, or write one.",
    ]


def test_two_metrics_cannot_share_a_name(say, accept):
    """Their columns in the history would be one; unnamed ones are numbered."""
    assert say("metrics=[accuracy, {type: AUC, name: accuracy}]") == [
        "metrics[1].name: The name 'accuracy' is taken by metrics[0]. Choose another name."
    ]
    accept("metrics=[AUC, AUC, {type: AUC, name: pr, curve: PR}]")


def test_a_metric_is_not_called_loss(say):
    """The loss has that column."""
    assert say("metrics=[{type: AUC, name: loss}]") == [
        "metrics[0].name: The name 'loss' is that of the loss. Give the metric another name."
    ]


def test_a_layer_name_is_one_that_tensorflow_takes(say, accept):
    """Letters without accents, digits and three signs."""
    fix = "holds what TensorFlow does not allow. Use the letters a to z, digits and . _ - only."
    assert say("model.layers[0].name=a b") == [f"model.layers[0].name: The name 'a b' {fix}"]
    assert say("model.layers[0].name=größe") == [f"model.layers[0].name: The name 'größe' {fix}"]
    accept("model.layers[0].name=a.b-c_1")


def test_a_metric_does_not_take_the_column_of_a_validation(say):
    """`val_mse` is the `mse` of the validation rows."""
    assert say("metrics=[{type: MeanSquaredError, name: val_mse}]") == [
        (
            "metrics[0].name: The name 'val_mse' is what the validation rows' 'mse' is called. "
            "Give the metric another name."
        )
    ]
