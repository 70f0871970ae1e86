"""Checks of arguments that several methods of an opened run share."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from saddle.bound import height_and_width
from saddle.data.image_search import some
from saddle.error import ArgumentError, InputError
from saddle.memory import more_than_free
from saddle.run.opened import OpenedRun
from saddle.training.sampling import all_labels

Labels = int | str | Sequence[int] | Sequence[str] | np.ndarray | Tensor
"""One class, or a class for each image, by numbers or by names."""

Images = np.ndarray | Tensor
"""Images (N, C, H, W), uint8 or floats in [-1, 1]; where they have alpha, `saddle.alpha` says how."""

_BYTES_PER_POINT = 8  # two numbers, float32
_BYTES_PER_NUMBER = 8  # float32, twice: in a part of the samples, and in all parts joined


def check_num(run: OpenedRun, num: int, name: str = "num", each: int = 1) -> None:
    """Raise ArgumentError if the argument `name`, of `each` images per unit, is below 1 or too large for memory."""
    if num < 1:
        raise ArgumentError(name, num, "use at least 1")
    numbers = 2 if run.makes_points else int(np.prod(image_shape(run)))
    if run.reads == "latent":
        numbers += run.generator.latent_dim
    excess = more_than_free(num * each * numbers * _BYTES_PER_NUMBER)
    if excess:
        raise ArgumentError(name, num, f"this needs {excess}: use less")


def bytes_of(run: OpenedRun) -> int:
    """The number of bytes of an image, or of a point, of a run, as it stands in files without compression."""
    return _BYTES_PER_POINT if run.makes_points else int(np.prod(image_shape(run)))


def image_shape(run: OpenedRun) -> tuple[int, int, int]:
    """The shape (C, H, W) of the images that a run was trained on."""
    data = run.record["data"]
    return data["channels"], *height_and_width(data["image_size"])


def labels_of(run: OpenedRun, num: int, labels: Labels | None) -> Tensor | None:
    """The labels of `num` samples, int64 (num,): one class, `labels` themselves, or all classes in turn.

    None if the generator takes no labels. Raises InputError for a class that the generator does not know.
    """
    if labels is None:
        return all_labels(run.generator, num)
    classes = _whole_numbers(_numbered(run, labels))
    if classes.dim() > 0 and classes.shape != (num,):
        raise InputError(f"labels: expected one class or {num} of them, found {tuple(classes.shape)}")
    for label in classes.unique().tolist():
        _check_class(run, label)
    return classes.expand(num)


def class_number(run: OpenedRun, label: str) -> int:
    """The number of the class with this name; if no class has it, with this number, these letters in any case, or this
    part of its name.

    Raises ArgumentError if there is no such class, or if several have these letters.
    """
    _check_takes_labels(run, label)
    names = run.class_names
    if label in names:
        return names.index(label)
    if label.removeprefix("-").isdecimal():
        _check_class(run, int(label))
        return int(label)
    folded = [name.casefold() for name in names]
    alike = [number for number, name in enumerate(folded) if name == label.casefold()]
    alike = alike or [number for number, name in enumerate(folded) if label.casefold() in name]
    if len(alike) != 1:
        raise ArgumentError("labels", label, f"{run.checkpoint} knows the classes {_classes_in_words(run)}")
    return alike[0]


def _numbered(run: OpenedRun, labels: Labels) -> Labels:
    """Labels with numbers in place of names."""
    if isinstance(labels, str):
        return class_number(run, labels)
    if isinstance(labels, np.ndarray) and labels.dtype.kind == "U":
        labels = labels.tolist()
    if isinstance(labels, list | tuple) and labels and all(isinstance(label, str) for label in labels):
        return [class_number(run, label) for label in labels]
    return labels


def _whole_numbers(labels: Labels) -> Tensor:
    try:
        values = torch.as_tensor(labels)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError("labels: expected one class or a list of classes, each a whole number") from error
    if values.is_floating_point() or values.is_complex():
        raise InputError(f"labels: expected whole numbers, found {values.dtype}")
    return values.cpu().long()


def _check_class(run: OpenedRun, label: int) -> None:
    """Raise ArgumentError if the run's generator does not know the class `label`."""
    _check_takes_labels(run, label)
    if not 0 <= label < run.classes:
        raise ArgumentError("labels", label, f"{run.checkpoint} knows the classes {_classes_in_words(run)}")


def _classes_in_words(run: OpenedRun) -> str:
    """The classes that a run's generator knows: numbers from 0 on, or the first of their names."""
    if run.class_names == [str(number) for number in range(run.classes)]:
        return f"0 to {run.classes - 1}"
    return some(run.class_names)


def _check_takes_labels(run: OpenedRun, label: int | str) -> None:
    """Raise ArgumentError if the run's generator takes no labels."""
    if run.reads == "source":
        raise ArgumentError("labels", label, f"{run.checkpoint} translates images, whatever their class: leave it out")
    if run.classes == 0 and run.class_names:
        remedy = "train with architecture.conditional=true"
        raise ArgumentError("labels", label, f"{run.checkpoint} takes no labels: leave it out, or {remedy}")
    if run.classes == 0:
        remedy = "train on data with labels (of a folder of pictures, its sub-folders)"
        reason = f"{run.checkpoint} takes no labels, because its data has none: leave it out, or {remedy}"
        raise ArgumentError("labels", label, reason)


def checked_images(run: OpenedRun, images: Images, name: str) -> Tensor:
    """The argument `name` as a tensor on the CPU; raises InputError if it is no images of the run's size."""
    values = torch.as_tensor(images)
    shape = image_shape(run)
    if values.dim() != 4 or len(values) == 0 or tuple(values.shape[1:]) != shape:
        expected = ", ".join(map(str, shape))
        raise InputError(f"{name}: expected images of the shape (N, {expected}), found {tuple(values.shape)}")
    in_range = values.is_floating_point() and bool((values.abs() <= 1).all())
    if values.dtype != torch.uint8 and not in_range:
        raise InputError(f"{name}: expected uint8, or floats from -1 to 1, found other values in {values.dtype}")
    return values.cpu()
