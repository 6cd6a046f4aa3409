"""receptive_field: how many input pixels one output node sees."""


def receptive_field(layers):
    """每一层加上 (卷积核 - 1)"""
    rf = 1
    for layer in layers:
        k = layer["kernel_size"]
        d = layer.get("dilation", 1)
        rf = rf + d * (k - 1)
    return rf
