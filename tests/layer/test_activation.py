import torch

from saddle.layer.activation import nonlinearity


def test_slopes_below_zero():
    x = torch.tensor([-2.0, 3.0])
    assert nonlinearity("relu")(x).tolist() == [0.0, 3.0]
    torch.testing.assert_close(nonlinearity("leaky_relu")(x), torch.tensor([-0.4, 3.0]))
