"""The training loops that saddle's speed is compared with: the same networks, batches and loss in other people's ways.

`tutorial` is written the way the usual tutorials are: torchvision's data set with transforms per image in a DataLoader,
a LightningModule with two passes of D, the default Adam, and every loss to TensorBoard and the bar in every step.
`bare` is the same mathematics in a plain loop over images that are in memory: no Trainer, no logs, no average.
They are not tuned.
"""

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from pathlib import Path

import saddle.compat  # noqa: F401  isort: skip
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

ADAM = {"lr": 2e-4, "betas": (0.5, 0.999)}


class TutorialGAN(LightningModule):
    """Two turns by manual optimization."""

    def __init__(self, generator: nn.Module, discriminator: nn.Module) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator, self.discriminator = generator, discriminator

    def adversarial_loss(self, logits: Tensor, target: Tensor) -> Tensor:
        return binary_cross_entropy_with_logits(logits, target)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_index: int) -> None:
        images, _ = batch
        optimizer_g, optimizer_d = self.optimizers()
        latent = torch.randn(len(images), self.generator.latent_dim).type_as(images)

        self.toggle_optimizer(optimizer_d)
        real, fake = torch.ones(len(images)).type_as(images), torch.zeros(len(images)).type_as(images)
        real_loss = self.adversarial_loss(self.discriminator(images), real)
        fake_loss = self.adversarial_loss(self.discriminator(self.generator(latent).detach()), fake)
        d_loss = real_loss + fake_loss
        self.log("d_loss", d_loss, prog_bar=True)
        optimizer_d.zero_grad()
        self.manual_backward(d_loss)
        optimizer_d.step()
        self.untoggle_optimizer(optimizer_d)

        self.toggle_optimizer(optimizer_g)
        g_loss = self.adversarial_loss(self.discriminator(self.generator(latent)), real)
        self.log("g_loss", g_loss, prog_bar=True)
        optimizer_g.zero_grad()
        self.manual_backward(g_loss)
        optimizer_g.step()
        self.untoggle_optimizer(optimizer_g)

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        players = (self.generator, self.discriminator)
        return [torch.optim.Adam(player.parameters(), **ADAM) for player in players]


def tutorial_batches(root: str, batch_size: int) -> DataLoader:
    """MNIST in [-1, 1], transformed image by image."""
    steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.5,))])
    return DataLoader(MNIST(root, transform=steps), batch_size=batch_size, shuffle=True, drop_last=True)


def tutorial(
    networks: dict[str, nn.Module], root: str, batch_size: int, steps: int, folder: Path, tick: Callable[[int], None]
) -> None:
    """Train for `steps` batches; `tick` is told the number of batches done after each."""

    class Ticks(Callback):
        def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *_: object) -> None:
            tick(trainer.global_step // 2)  # Lightning counts the steps of both optimizers

    trainer = Trainer(
        accelerator="cpu",
        max_steps=2 * steps,
        logger=TensorBoardLogger(str(folder)),
        log_every_n_steps=1,
        callbacks=[Ticks()],
        enable_model_summary=False,
        default_root_dir=folder,
    )
    trainer.fit(TutorialGAN(networks["generator"], networks["discriminator"]), tutorial_batches(root, batch_size))


def bare(
    networks: dict[str, nn.Module], images: Tensor, batch_size: int, steps: int, tick: Callable[[int], None]
) -> None:
    """Train for `steps` batches of uint8 `images`; `tick` is told the number of batches done after each."""
    generator, discriminator = networks["generator"], networks["discriminator"]
    optimizer_g, optimizer_d = (torch.optim.Adam(n.parameters(), **ADAM) for n in (generator, discriminator))
    for step, real in zip(range(steps), memory_batches(images, batch_size), strict=False):
        latent = torch.randn(batch_size, generator.latent_dim)
        ones, zeros = torch.ones(batch_size), torch.zeros(batch_size)
        loss = binary_cross_entropy_with_logits(discriminator(real), ones)
        loss = loss + binary_cross_entropy_with_logits(discriminator(generator(latent).detach()), zeros)
        optimizer_d.zero_grad()
        loss.backward()
        optimizer_d.step()
        loss = binary_cross_entropy_with_logits(discriminator(generator(latent)), ones)
        optimizer_g.zero_grad()
        loss.backward()
        optimizer_g.step()
        tick(step + 1)


def memory_batches(images: Tensor, batch_size: int) -> Iterator[Tensor]:
    """Batches of uint8 `images`, shuffled in each epoch, as numbers in [-1, 1], without end."""
    epochs = (torch.randperm(len(images)).split(batch_size) for _ in repeat(None))
    return (images[rows].float() / 127.5 - 1 for rows in chain.from_iterable(epochs) if len(rows) == batch_size)
