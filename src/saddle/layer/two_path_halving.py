"""The block of FastGAN's discriminator that halves the side of feature maps on two paths."""

from torch import Tensor, nn
from torch.nn.functional import pad

from saddle.bound import Count, Normalization
from saddle.layer.initialization import LEAKY_RELU_GAIN, scaled
from saddle.layer.normalization import weighted
from saddle.layer.resampling import Halving


class TwoPathHalving(nn.Module):
    """Feature maps (N, inputs, H, W) to (N, outputs, H / 2, W / 2), sides rounded up: the mean of two paths.

    One path is a 4x4 convolution of stride 2 and a 3x3 convolution, the other the mean of each 2x2 pixels and a 1x1
    convolution (Liu et al. 2021, figure 4, arXiv 2101.04775). Leaky ReLU follows each convolution. There is no batch
    norm, which would mix the images that an input-gradient penalty needs apart.
    """

    def __init__(self, inputs: Count, outputs: Count, normalization: Normalization) -> None:
        super().__init__()
        strided = scaled(nn.Conv2d(inputs, outputs, kernel_size=4, stride=2, padding=1), LEAKY_RELU_GAIN)
        second = scaled(nn.Conv2d(outputs, outputs, kernel_size=3, padding=1), LEAKY_RELU_GAIN)
        single = scaled(nn.Conv2d(inputs, outputs, kernel_size=1), LEAKY_RELU_GAIN)
        self.strided = nn.Sequential(
            weighted(strided, normalization), nn.LeakyReLU(0.2), weighted(second, normalization), nn.LeakyReLU(0.2)
        )
        self.averaged = nn.Sequential(Halving(), weighted(single, normalization), nn.LeakyReLU(0.2))

    def forward(self, features: Tensor) -> Tensor:
        height, width = features.shape[2:]
        even = pad(features, (0, width % 2, 0, height % 2))
        return (self.strided(even) + self.averaged(features)) / 2
