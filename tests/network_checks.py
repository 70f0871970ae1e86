"""What the tests of several families of networks check."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from saddle.layer.code import coded
from saddle.penalty.base import logits_and_input_gradient


def check_trained(network: nn.Module, output: Tensor) -> None:
    """A squared distance to random numbers gives every parameter of `network` a gradient."""
    (output - torch.randn_like(output)).square().sum().backward()
    still = [name for name, parameter in network.named_parameters() if not parameter.grad.any()]
    assert still == []


def check_packing(made: Callable[[int, int], nn.Module], shape: tuple[int, ...]) -> None:
    """`made(channels, packing)` judges packs of neighbors of `shape` (C, ...) as one input of more channels."""
    alone, network, by_hand = made(shape[0], 1), made(shape[0], 3), made(3 * shape[0], 1)
    by_hand.load_state_dict(network.state_dict())
    assert (alone.packing, network.packing) == (1, 3)
    inputs = torch.randn(12, *shape)
    packs = torch.stack([torch.cat([inputs[3 * i + j] for j in range(3)]) for i in range(4)])
    logits = network(inputs)
    assert logits.shape == (4,)
    assert torch.equal(logits, by_hand(packs))
    changed = inputs.clone()
    changed[5] += 1
    assert ((network.eval()(changed) - network(inputs)).abs() > 1e-7)[1]
    with pytest.raises(ValueError, match="11 inputs make no whole packs of packing=3"):
        network(inputs[1:])
    assert alone(inputs[1:]).shape == (11,)
    check_trained(network, network.train()(inputs))


def check_features(made: Callable[[bool | None], nn.Module], *arguments: Tensor) -> None:
    """The head of `made(head_bias)` reads `features` numbers (N, features); it has a bias unless asked not to."""
    for bias in (True, False, None):
        network, seen = made(bias).eval(), []
        watch = network.head.register_forward_pre_hook(lambda layer, given, seen=seen: seen.append(given[0]))
        logits = network(*arguments)
        watch.remove()
        assert [len(features) for features in seen] == [len(logits)]
        assert seen[0].shape[1:] == (network.features,)
        torch.testing.assert_close(network.head(seen[0]).squeeze(1), logits)
        assert (network.head.bias is not None) == (bias is not False)


def check_encoder(made: Callable[[bool], nn.Module], images: Tensor) -> None:
    """`made(gaussian)` encodes `images` in 5 numbers, or in 5 means and 5 log variances that begin at 0."""
    plain, gaussian = made(False), made(True)
    assert [network.gaussian for network in (plain, gaussian)] == [False, True]
    assert [(network.classes, network.latent_dim) for network in (plain, gaussian)] == [(0, 5)] * 2
    codes, both = plain(images), gaussian(images)
    assert (codes.shape, both.shape) == ((len(images), 5), (len(images), 10))
    assert not both[:, 5:].any()
    assert both[:, :5].abs().min() > 0
    check_trained(plain, codes)
    check_trained(gaussian, both)


def check_joint(made: Callable[[bool | None], nn.Module], images: Tensor) -> None:
    """`made(head_bias)` judges pairs of `images` and codes of 5 numbers, not each by itself."""
    network, codes = made(None), torch.randn(len(images), 5)
    assert (network.classes, network.latent_dim) == (0, 5)
    logits = network(images, codes)
    assert logits.shape == (len(images),)
    check_trained(network, logits)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.mul_(1 if "norm" in name else 10)  # the small initial weights make it all but linear
    network.eval()
    mixed = network(images, codes) - network(images, codes.flip(0))
    mixed = mixed - network(images.flip(0), codes) + network(images.flip(0), codes.flip(0))
    assert mixed.abs().max() > 1e-4 * logits.abs().max()
    check_features(made, images, codes)


def check_code(made: Callable[[int, int, int], nn.Module]) -> None:
    """`made(latent_dim, categories, continuous)` makes images of a latent whose last numbers are a code."""
    network, plain = made(9, 4, 2), made(9, 0, 0)
    plain.load_state_dict(network.state_dict())
    assert (network.latent_dim, network.categories, network.continuous) == (9, 4, 2)
    latent = torch.randn(6, 9)
    assert torch.equal(network(latent), plain(coded(latent, 4, 2)))
    assert not torch.equal(network(latent), plain(latent))
    for dims in ((6, 4, 2), (3, 4, 0), (2, 0, 2)):
        with pytest.raises(ValueError, match=f"latent_dim={dims[0]} holds no noise .*use at least {sum(dims[1:]) + 1}"):
            made(*dims)


def check_r1(network: nn.Module, images: Tensor, *labels: Tensor) -> None:
    """The gradient of R1 by the weights of a discriminator in float64 is that of finite differences."""
    network.eval()  # so that power iterations stand still

    def r1() -> Tensor:
        return logits_and_input_gradient(lambda x: network(x, *labels), images)[1].square().flatten(1).sum(1).mean()

    r1().backward()
    trained = [parameter for parameter in network.parameters() if parameter.grad is not None]
    largest = max(parameter.grad.abs().max().item() for parameter in trained)
    seen = 0
    for parameter in trained:
        flat, gradient = parameter.data.view(-1), parameter.grad.flatten()
        place = int(gradient.abs().argmax())
        value, step, ends = flat[place].item(), 1e-6, []
        for sign in (1, -1):
            flat[place] = value + sign * step
            ends.append(r1().item())
        flat[place] = value
        slope = gradient[place].item()
        assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4, abs=1e-7 * largest)
        seen += abs(slope) > 1e-5 * largest
    assert seen > len(trained) / 2


def check_sizes(generator: Callable[..., nn.Module], discriminator: Callable[..., nn.Module]) -> None:
    """Networks made by (image_size, channels) reach every size from 8 on exactly; 7 is refused by both."""
    for size in (8, 9, 15, 16, 27, 28, 30, 32, 33, 48, 64):
        for channels in (1, 4):
            network = generator(size, channels)
            images = network(torch.randn(2, network.latent_dim))
            assert images.shape == (2, channels, size, size)
            assert images.abs().max() <= 1
            assert discriminator(size, channels)(images).shape == (2,)
    for made in (generator, discriminator):
        with pytest.raises(ValueError, match="image_size=7 is too small for these networks: use at least 8"):
            made(7, 1)


def millions(network: nn.Module) -> float:
    """The number of a network's parameters, in millions."""
    return sum(parameter.numel() for parameter in network.parameters()) / 1e6


def check_rectangles(generator: Callable[..., nn.Module], discriminator: Callable[..., nn.Module]) -> None:
    """Rectangles are made and judged, height first, and every pixel counts."""
    for height, width in [(16, 24), (24, 16), (28, 64), (33, 50)]:
        made = generator([height, width], 2)
        images = made(torch.randn(4, made.latent_dim)).detach().requires_grad_()
        assert images.shape == (4, 2, height, width)
        logits = discriminator((height, width), 2)(images)
        assert logits.shape == (4,)
        logits.sum().backward()
        assert images.grad.abs().sum((0, 1)).all()
