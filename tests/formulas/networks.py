"""Small networks, written as in a config: the shape of a sample, and the layers."""

# ruff: noqa: ISC004 - the layers of a network are one text, whatever it takes to wrap it

from __future__ import annotations

ACTIVATIONS = (
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "swish", "mish", "tanh",
    "sigmoid", "softmax", "log_softmax", "log_sigmoid", "hard_sigmoid", "sparse_sigmoid",
    "hard_silu", "hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink", "softplus", "softsign",
    "sparse_plus", "squareplus", "sparsemax", "exponential", "glu", "linear",
)  # fmt: skip

NETWORKS = {
    **{name: ((6,), f"[{{type: Dense, units: 8, activation: {name}}}]") for name in ACTIVATIONS},
    "activations": (
        (7,),
        "[{type: Dense, units: 6, use_bias: false}, {type: Activation, activation: tanh},"
        " {type: ReLU, max_value: 0.5, negative_slope: 0.1, threshold: 0.2},"
        " {type: Dense, units: 4}, {type: LeakyReLU, negative_slope: 0.3},"
        " {type: Dense, units: 4}, {type: ELU, alpha: 0.7}, {type: PReLU}, {type: Softmax}]",
    ),
    "identities": (
        (5,),
        "[{type: Dropout, rate: 0.5}, {type: GaussianNoise, stddev: 1.0}, {type: Identity},"
        " {type: AlphaDropout, rate: 0.3}, {type: GaussianDropout, rate: 0.2},"
        " {type: ActivityRegularization, l2: 0.1}, {type: Dense, units: 2}]",
    ),
    "augmentations": (
        (6, 6, 3),
        "[{type: RandomFlip}, {type: RandomRotation, factor: 0.1}, {type: RandomZoom,"
        " height_factor: 0.2}, {type: RandomTranslation, height_factor: 0.1, width_factor: 0.1},"
        " {type: RandomContrast, factor: 0.3}, {type: RandomBrightness, factor: 0.3},"
        " {type: RandomInvert}, {type: RandomErasing}, {type: RandomHue, factor: 0.2},"
        " {type: SpatialDropout2D, rate: 0.5}, {type: Conv2D, filters: 2, kernel_size: 3}]",
    ),
    "dense over rows": ((4, 3), "[{type: Dense, units: 5, activation: tanh}, {type: Flatten}]"),
    "rescaling": ((3,), "[{type: Rescaling, scale: 0.1, offset: -0.5}, {type: Dense, units: 2}]"),
    "normalization": (
        (3,),
        "[{type: Normalization, mean: [1.0, 2.0, 3.0], variance: [4.0, 1.0, 0.25]},"
        " {type: Normalization, mean: 0.5, variance: 2.0, axis: null, invert: true}]",
    ),
    "reshaping": (
        (12,),
        "[{type: Reshape, target_shape: [2, -1]}, {type: Permute, dims: [2, 1]}, {type: Flatten},"
        " {type: RepeatVector, n: 3}]",
    ),
    "padding": (
        (5, 4, 2),
        "[{type: ZeroPadding2D, padding: [[1, 0], [2, 1]]}, {type: Cropping2D, cropping: [[0, 1],"
        " [1, 0]]}, {type: UpSampling2D, size: [2, 3]}]",
    ),
    "padding of rows": (
        (5, 2),
        "[{type: ZeroPadding1D, padding: 2}, {type: Cropping1D, cropping: [1, 2]},"
        " {type: UpSampling1D, size: 3}]",
    ),
    "conv1d": ((9, 3), "[{type: Conv1D, filters: 4, kernel_size: 3, strides: 2}]"),
    "conv1d causal": (
        (9, 3), "[{type: Conv1D, filters: 4, kernel_size: 3, padding: causal, dilation_rate: 2}]"
    ),
    "conv2d": (
        (7, 8, 2),
        "[{type: Conv2D, filters: 3, kernel_size: [3, 2], activation: relu},"
        " {type: Conv2D, filters: 4, kernel_size: 3, strides: 2, padding: same}]",
    ),
    "conv2d dilated": (
        (9, 9, 1), "[{type: Conv2D, filters: 2, kernel_size: 3, dilation_rate: 2, padding: same}]"
    ),
    "conv2d groups": ((6, 6, 4), "[{type: Conv2D, filters: 6, kernel_size: 2, groups: 2}]"),
    "conv3d": ((4, 5, 4, 2), "[{type: Conv3D, filters: 2, kernel_size: 2, padding: same}]"),
    "depthwise": (
        (6, 6, 2),
        "[{type: DepthwiseConv2D, kernel_size: 3, depth_multiplier: 2, strides: 2},"
        " {type: SeparableConv2D, filters: 3, kernel_size: 2, depth_multiplier: 2}]",
    ),
    "depthwise of rows": (
        (8, 2),
        "[{type: DepthwiseConv1D, kernel_size: 3, padding: same},"
        " {type: SeparableConv1D, filters: 3, kernel_size: 2}]",
    ),
    "max pooling": (
        (7, 6, 2),
        "[{type: MaxPooling2D}, {type: MaxPooling2D, pool_size: 2, strides: 1, padding: same}]",
    ),
    "average pooling": (
        (7, 6, 2),
        "[{type: AveragePooling2D, pool_size: 2, padding: same},"
        " {type: AveragePooling2D, pool_size: 3, strides: 2, padding: same}]",
    ),
    "pooling of rows": (
        (9, 3),
        "[{type: MaxPooling1D, pool_size: 3, strides: 2, padding: same},"
        " {type: AveragePooling1D, pool_size: 2}]",
    ),
    "channels first": (
        (2, 7, 6),
        "[{type: Conv2D, filters: 3, kernel_size: 2, data_format: channels_first},"
        " {type: ZeroPadding2D, padding: 1, data_format: channels_first},"
        " {type: MaxPooling2D, data_format: channels_first},"
        " {type: Cropping2D, cropping: [[1, 0], [0, 1]], data_format: channels_first},"
        " {type: UpSampling2D, data_format: channels_first},"
        " {type: Flatten, data_format: channels_first}]",
    ),
    "global channels first": (
        (2, 4, 3),
        "[{type: AveragePooling2D, pool_size: 2, data_format: channels_first},"
        " {type: GlobalAveragePooling2D, data_format: channels_first, keepdims: true}]",
    ),
    "global max": ((5, 4, 3), "[{type: GlobalMaxPooling2D}, {type: Dense, units: 2}]"),
    "global mean": ((5, 4, 3), "[{type: GlobalAveragePooling2D, keepdims: true}]"),
    "global mean of rows": ((5, 3), "[{type: GlobalAveragePooling1D}]"),
    "batch normalization": (
        (4, 4, 3),
        "[{type: BatchNormalization}, {type: BatchNormalization, axis: 1, scale: false},"
        " {type: BatchNormalization, center: false, scale: false}]",
    ),
    "layer normalization": (
        (4, 3, 5),
        "[{type: LayerNormalization}, {type: LayerNormalization, axis: [1, 3]},"
        " {type: LayerNormalization, axis: 2, center: false}]",
    ),
    "other normalizations": (
        (4, 6),
        "[{type: GroupNormalization, groups: 3}, {type: RMSNormalization},"
        " {type: UnitNormalization}, {type: GroupNormalization, groups: 1}]",
    ),
    "embedding": (
        (5,),
        "[{type: Embedding, input_dim: 4, output_dim: 3}, {type: GlobalAveragePooling1D},"
        " {type: Dense, units: 2, activation: softmax}]",
    ),
    "embedding of pixels": (
        (5,),
        "[{type: Rescaling, scale: 255}, {type: Embedding, input_dim: 256, output_dim: 2}]",
    ),
    "merging": (
        (4,),
        "[{type: Dense, name: a, inputs: [input], units: 3}, {type: Dense, name: b,"
        " inputs: [input], units: 3}, {type: Add, name: c, inputs: [a, b]}, {type: Multiply,"
        " name: d, inputs: [a, c]}, {type: Average, name: e, inputs: [a, b, d]}, {type: Maximum,"
        " name: f, inputs: [e, b]}, {type: Minimum, name: g, inputs: [f, a, d]}, {type: Subtract,"
        " name: h, inputs: [g, c]}, {type: Concatenate, name: i, inputs: [h, a, input]},"
        " {type: Dense, units: 1}]",
    ),
    "dot": (
        (4,),
        "[{type: Dense, name: a, inputs: [input], units: 3}, {type: Dense, name: b,"
        " inputs: [input], units: 3}, {type: Dot, name: c, inputs: [a, b], axes: 1},"
        " {type: Dot, name: d, inputs: [a, b], axes: -1, normalize: true},"
        " {type: Add, inputs: [c, d]}]",
    ),
    "dot of rows": (
        (3, 4),
        "[{type: Dense, name: a, inputs: [input], units: 4}, {type: Dot, inputs: [input, a],"
        " axes: [2, 2]}]",
    ),
    "broadcast": (
        (3, 4),
        "[{type: GlobalAveragePooling1D, name: a, inputs: [input]}, {type: Add,"
        " inputs: [input, a]}]",
    ),
    "simple rnn": ((5, 3), "[{type: SimpleRNN, units: 4}]"),
    "simple rnn backwards": (
        (5, 3),
        "[{type: SimpleRNN, units: 4, return_sequences: true, go_backwards: true,"
        " activation: relu, use_bias: false}, {type: SimpleRNN, units: 2}]",
    ),
    "lstm": ((5, 3), "[{type: LSTM, units: 4, return_sequences: true}, {type: LSTM, units: 2}]"),
    "lstm backwards": (
        (4, 3),
        "[{type: LSTM, units: 3, go_backwards: true, recurrent_activation: hard_sigmoid}]",
    ),
    "gru": ((5, 3), "[{type: GRU, units: 4, return_sequences: true}, {type: GRU, units: 2}]"),
    "gru reset before": (
        (5, 3), "[{type: GRU, units: 4, reset_after: false, go_backwards: true}]"
    ),
    "gru without bias": ((5, 3), "[{type: GRU, units: 3, use_bias: false}]"),
    **{
        f"bidirectional {mode}": (
            (5, 3),
            f"[{{type: Bidirectional, merge_mode: {mode}, layer: {{type: {inner}, units: 2,"
            f" return_sequences: {flag}}}}}]",
        )
        for mode, inner, flag in (
            ("concat", "LSTM", "true"), ("sum", "GRU", "false"), ("ave", "SimpleRNN", "true"),
            ("mul", "LSTM", "false"),
        )
    },
    "time distributed": (
        (3, 5, 2),
        "[{type: TimeDistributed, layer: {type: Conv1D, filters: 2, kernel_size: 2}},"
        " {type: TimeDistributed, layer: {type: Flatten}}, {type: TimeDistributed,"
        " layer: {type: Dense, units: 2, activation: tanh}}, {type: LSTM, units: 2}]",
    ),
}  # fmt: skip
"""By name."""
