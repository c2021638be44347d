"""The graph of layers."""


def test_inputs_name_layers(say):
    """A near name is suggested, else all are listed."""
    drawn = "dataset={type: moons, validation_split: 0.2}"
    assert say(drawn, "model.layers[1].inputs=[hiden]") == [
        "model.layers[1].inputs[0]: There is no layer 'hiden'. Did you mean 'hidden'?"
    ]
    assert say(drawn, "model.layers[1].inputs=[x]") == [
        "model.layers[1].inputs[0]: There is no layer 'x'. The names here: 'input', 'hidden'."
    ]


def test_inputs_name_columns_of_a_table(say, accept, tmp_path):
    """They are held against the header where that is known; else nothing is invented."""
    assert say("model.layers[1].inputs=[hiden]") == [
        (
            "model.layers[0]: No layer reads 'hidden', and the output is that of 'output'. Did you "
            "mean it by 'hiden' in 'inputs'? Else name it there, or remove it."
        )
    ]
    accept("model.layers[0].inputs=[age]")
    (tmp_path / "rows.csv").write_text("age,sex,fare,survived\n22,1,7.25,0\n38,0,71.5,1\n")
    accept("model.layers[0].inputs=[age]")
    assert say("model.layers[0].inputs=[aeg]") == [
        "model.layers[0].inputs[0]: There is no layer and no column 'aeg'. Did you mean 'age'?"
    ]
    assert say("model.layers[0].inputs=[x]") == [
        (
            "model.layers[0].inputs[0]: There is no layer and no column 'x'. The names here: "
            "'input', 'output', 'age', 'sex', 'fare'."
        )
    ]
    assert say("model.layers[0].name=sex", "model.layers[1].inputs=[sex]") == [
        (
            "model.layers[0].name: The name 'sex' is that of a column, which 'inputs' could mean "
            "too. Choose another name."
        )
    ]


def test_a_layer_reads_only_layers_above_it(say):
    """So it can be built in one go."""
    assert say(
        "model.layers=[{type: Dense, units: 2, name: a, inputs: [b]},"
        " {type: Dense, units: 2, name: b, inputs: [input]},"
        " {type: Concatenate, inputs: [a, b]}, {type: Dense, units: 1, activation: sigmoid}]"
    ) == [
        (
            "model.layers[0].inputs[0]: The layer 'b' stands below this one. "
            "Move it up: a layer reads only layers above it."
        )
    ]


def test_circles_are_shown(say):
    """Of one layer or of several."""
    advice = "Cut it: a layer reads only layers above it."
    itself = advice.replace("it:", "it, or give the layer another name if a column is meant:")
    assert say("model.layers[0].inputs=[hidden]") == [
        (
            "model.layers[0].inputs[0]: The layers read each other in a circle: hidden -> hidden. "
            f"{itself}"
        )
    ]
    assert say("model.layers[0].inputs=[output]") == [
        (
            "model.layers[0].inputs[0]: The layers read each other in a circle: "
            f"output -> hidden -> output. {advice}"
        )
    ]


def test_every_layer_but_the_last_is_read(say):
    """What feeds nothing would be trained for nothing."""
    assert say("model.layers[1].inputs=[input]") == [
        (
            "model.layers[0]: No layer reads 'hidden', and the output is that of 'output'. "
            "Name it in 'inputs' of a layer below, or remove it."
        )
    ]


def test_merging_layers_take_several(say, accept):
    """Two or more; some exactly two."""
    merged = (
        "model.layers=[{type: Dense, units: 2, name: a}, {type: Dense, units: 2, name: b,"
        " inputs: input}, {type: %s, inputs: %s}, {type: Dense, units: 1, activation: sigmoid}]"
    )
    accept(merged % ("Add", "[a, b]"))
    accept(merged % ("Concatenate", "[a, b, input]"))
    accept(merged % ("Subtract", "[a, b]"))
    assert say(merged % ("Subtract", "[a, b, a]")) == [
        (
            "model.layers[2].inputs: Subtract takes exactly two inputs, got 3. "
            "Name them, such as 'inputs: [a, b]'."
        )
    ]
    assert say("model.layers[0]={type: Add, name: hidden}") == [
        (
            "model.layers[0].inputs: Add takes two or more inputs, got 1. "
            "Name them, such as 'inputs: [a, b]'."
        )
    ]


def test_ordinary_layers_take_one(say, accept):
    """Attention and layers that dlrun knows nothing about may take several."""
    for layer in (
        "Dense, units: 8",
        "Conv2D, filters: 2, kernel_size: 2",
        "GlobalAveragePooling2D",
        "BatchNormalization",
        "SpatialDropout1D, rate: 0.1",
        "Normalization, mean: 0, variance: 1",
        "EinsumDense, equation: 'ab,bc->ac', output_shape: 3",
    ):
        word = layer.partition(",")[0]
        given = f"model.layers[0]={{type: {layer}, name: hidden, inputs: [input, input]}}"
        assert say(given) == [
            (
                f"model.layers[0].inputs: {word} takes one input, got 2. "
                "Put a layer such as Concatenate before it."
            )
        ]
    accept("model.layers[0]={type: Attention, name: hidden, inputs: [input, input]}")
