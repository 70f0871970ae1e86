"""A run opened for use in Python: what it holds, and what its networks make."""

from pathlib import Path
from typing import TYPE_CHECKING

from saddle.file import expanded
from saddle.run.opened import OpenedRun

if TYPE_CHECKING:
    from torch import Tensor

    from saddle.export.export import Format
    from saddle.export.file import ExportedFile
    from saddle.export.program import Pixels
    from saddle.metric.evaluation import ImageEvaluation, PointEvaluation
    from saddle.run.argument import Images, Labels
    from saddle.run.encode import Encoded
    from saddle.run.reconstruct import Reconstructions
    from saddle.run.translate import Translations


class FinishedRun(OpenedRun):
    """An opened run, whose methods do in Python what the commands of the same names do on the command line.

    The same arguments give the same bits. No method writes a file, except `export`, and `evaluate` in the folder
    `cache`, nor changes torch's random state, default device, default dtype or mode of gradients. All raise InputError,
    in one sentence that names the argument, for what the run cannot do.
    """

    def sample(
        self,
        num: int = 64,
        *,
        labels: "Labels | None" = None,
        seed: int = 0,
        truncation: float | None = None,
        sources: "Images | None" = None,
    ) -> "Tensor":
        """`num` images, uint8 (num, C, H, W), or in a toy problem `num` points, float32 (num, 2).

        Sample i depends on `seed` and i alone, so that a larger `num` begins with the same samples. `labels`, one class
        or a class for each image (num,), by names or numbers, are those of a conditional generator's samples, by
        default all classes in turn.
        `truncation`, above 0, cuts the latent off at that many standard deviations. `sources`, (M, C, H, W), uint8 or
        floats in [-1, 1], are what a generator that translates starts from, by default held-out images of the run's
        data; it ignores `seed`, and starts over where M is below `num`.
        """
        from saddle.run.sample import sample

        return sample(self, num, labels, seed, truncation, sources)

    def labels(self, num: int, labels: "Labels | None" = None) -> "Tensor | None":
        """The labels of `num` samples, int64 (num,): one class, `labels` themselves, or all classes in turn.

        None if the generator takes no labels.
        """
        from saddle.run.argument import labels_of

        return labels_of(self, num, labels)

    def class_number(self, label: str) -> int:
        """The number of the class with this name.

        Where no class has it, it may be the number in digits, or the name in other small and capital letters.
        """
        from saddle.run.argument import class_number

        return class_number(self, label)

    def interpolate(self, rows: int = 8, *, steps: int = 10, seed: int = 0, images: bool = False) -> "Tensor":
        """Rows of images on the way from one latent to another, uint8 (rows, steps, C, H, W).

        Without labels row r begins with sample 2r of `sample` and ends with sample 2r + 1, by spherical linear
        interpolation (Shoemake 1985; White 2016, arXiv 1609.04468). A conditional generator makes one class per row;
        the code of InfoGAN stays the same in a row. With `images` a row goes from the code of one held-out image to
        that of another, and these two stand left and right: (rows, steps + 2, C, H, W). `seed` chooses them (training
        images where the data holds out no others), and a conditional generator is told the label of the left one.
        """
        from saddle.run.interpolate import interpolate

        return interpolate(self, rows, steps, seed, images)

    def encode(self, images: "Images | None" = None, *, training: bool = False, num: int | None = None) -> "Encoded":
        """The codes that the run's encoder gives to `images`, (N, C, H, W), uint8 or floats in [-1, 1].

        Without `images` they are the codes, with labels, of the run's own data, in the data set's own order: of
        held-out images, or of training images with `training` and where the data holds out no others; of the first
        `num` or, by default, of all.
        """
        from saddle.run.encode import encode

        return encode(self, images, training, num)

    def reconstruct(
        self, images: "Images | None" = None, *, labels: "Labels | None" = None, num: int | None = None
    ) -> "Reconstructions":
        """What encoder and generator make of `images`, (N, C, H, W), uint8 or floats in [-1, 1].

        A conditional generator needs their `labels`, one class or whole numbers (N,). Without `images` they are `num`
        held-out images of the run's data, by default 40, with their own labels (training images where the data holds
        out no others); a larger `num` begins with the same ones. Of a gaussian encoder the means are decoded.
        """
        from saddle.run.reconstruct import reconstruct

        return reconstruct(self, images, labels, num)

    def translate(
        self, sources: "Images | None" = None, *, num: int | None = None, back: bool = False
    ) -> "Translations":
        """What a run that translates makes of `sources`, (N, C, H, W), uint8 or floats in [-1, 1], rounded to bytes.

        Without `sources` they are `num` held-out images, by default 8, whose true counterparts, labels and metrics are
        known. With `back` the other generator takes the translations back.
        """
        from saddle.run.translate import translate

        return translate(self, sources, num, back)

    def evaluate(
        self, num: int | None = None, *, extractor: Path | str = "auto", cache: Path | str | None = None
    ) -> "ImageEvaluation | PointEvaluation":
        """The metrics of `num` samples, beside those of real test images or of fresh points.

        Samples of a conditional generator are of the classes in the data's shares.
        By default they are as many as the data suggests (10,000; 26,000 for Stacked MNIST; 2,500 points, and at least
        100). `extractor` is a file of `saddle extractor` (.safetensors) or of Inception (.pth), by default what comes
        with saddle for the data. What it reads in real images is kept in the folder `cache`, by default nowhere.
        """
        from saddle.run.evaluate import evaluate

        return evaluate(self, num, str(extractor), None if cache is None else Path(expanded(str(cache))))

    def export(
        self,
        out: Path | str,
        *,
        format: "Format",
        pixels: "Pixels" = "uint8",
        truncation: float | None = None,
        runtime: Path | str | None = None,
        runtime_version: str | None = None,
    ) -> "list[ExportedFile]":
        """Write the averaged networks to the new folder `out`, as files that other programs read.

        They are the generator and, in games that have one, the encoder or the second generator. `format` is
        "safetensors" (weights, which `saddle.export.weights.read_network` loads back to the same bits), "torch" (a
        program of torch.export), "onnx", "web" (a page for browsers, of generators alone), or "hub" (weights, models
        and a card, as model hubs take them; nothing is uploaded).

        A generator reads `latent`, float32 (N, latent_dim), and if conditional `label`, int64 (N,). Its `images` have
        `pixels` "uint8", (N, H, W, C), or "float32", (N, C, H, W) in [-1, 1]. `truncation`, above 0, is noted in the
        files for those who draw latents. A page runs by onnxruntime-web, from the folder `runtime`, or linked in its
        `runtime_version`.

        Each file is run by another engine on at least 64 inputs and all classes, and compared with saddle. Raises
        InputError, and leaves nothing behind, if it is not the same network, or `out` exists.
        """
        from saddle.export.export import Request, export

        place = None if runtime is None else Path(expanded(str(runtime)))
        request = Request(Path(expanded(str(out))), format, pixels, truncation, place, runtime_version)
        return export(self, request)
