"""receptive_field: how many input pixels one output node sees, along one side."""


def receptive_field(layers):
    """从最后一层往回推：看到 n 个结点，需要前一层 (n - 1) * stride + dilation * (k - 1) + 1 个。"""
    n = 1
    for layer in reversed(layers):
        k = layer["kernel_size"]
        n = (n - 1) * layer.get("stride", 1) + layer.get("dilation", 1) * (k - 1) + 1
    return n
