"""Where a curve or a picture stands in TensorBoard, and what it says: one place for all names of `metrics.csv`."""

from typing import NamedTuple

_GROUPS = {
    "metric": "2_metrics",
    "loss": "3_losses",
    "probability": "4_discriminator",
    "logit": "4_discriminator",
    "health": "5_health",
    "gradient_norm": "8_gradient_norms",
}
"""TensorBoard sorts groups by name: what a person looks at first has the lowest number."""

_PICTURES, _STATE, _PROGRESS = "1_pictures", "6_state", "7_progress"
_COUNTED = {"learning_rate", "updates", "images", "images_per_second", "cpu_seconds"}

_SMALLER, _LARGER = "**Smaller is better.**", "**Larger is better.**"

METRICS = {
    "frechet": f"{_SMALLER} Frechet distance between features of samples and of training images: quality and variety.",
    "kernel": f"{_SMALLER} Kernel distance between features: like the Frechet distance, without its bias.",
    "kernel_error": f"{_SMALLER} Standard error of the kernel distance.",
    "precision": f"{_LARGER} Share of samples that lie among training images: quality.",
    "recall": f"{_LARGER} Share of training images that lie among samples: variety.",
    "density": f"{_LARGER} How densely samples lie among training images; above 1 near common ones.",
    "coverage": f"{_LARGER} Share of the data that has a sample near it: variety.",
    "histogram": f"{_SMALLER} Distance between the classes' shares in samples and in the data, 0 to 1.",
    "score": f"{_LARGER} Classifier score, as the Inception score: clear and different classes, at most their number.",
    "entropy": f"{_LARGER} Entropy in nats of the classes that samples show: variety of classes.",
    "confident": f"{_LARGER} Share of samples whose class has a probability above 0.9.",
    "modes": f"{_LARGER} Number of modes that samples show.",
    "modes_kl": f"{_SMALLER} KL divergence in nats from the modes' shares in samples to those in the data.",
    "modes_js": f"{_SMALLER} Jensen-Shannon divergence in nats of the modes' shares from equal ones, at most log 2.",
    "modes_kl_floor": f"{_SMALLER} What modes_kl would be for as many samples of the data itself.",
    "high_quality": f"{_LARGER} Share of points within three standard deviations of a mode; perfect is 0.9889.",
    "curve_distance": f"{_SMALLER} Mean distance of points from the data's curve. It is small after a collapse, too.",
    "as_asked": f"{_LARGER} Share of samples that show the class that was asked for.",
    "neighbor_ratio": f"{_LARGER} Median distance of samples to training images; that of held-out images is 1.",
    "copies": f"{_SMALLER} Share of samples nearer to a training image than 99 % of the held-out images are.",
    "valid": f"{_LARGER} Share of samples whose factors are all read with a probability above 0.9.",
    "novel": f"{_LARGER} Share of samples that are valid, with factors that no training image has.",
    "copied": f"{_SMALLER} Share of samples that are valid, with factors that a training image has.",
    "reconstruction_error": f"{_SMALLER} Mean squared error per pixel of reconstructions of held-out images.",
    "elbo": f"{_LARGER} Evidence lower bound of held-out images, in nats.",
    "kl": f"{_SMALLER} KL divergence of codes from the prior, in nats.",
    "code_square": f"{_SMALLER} Mean square of the codes; under the prior it is 1.",
    "code_distance": f"{_SMALLER} Energy distance of codes of held-out images from the prior.",
    "code_error": f"{_SMALLER} Mean squared error of codes that the encoder finds in samples.",
    "neighbor_accuracy": f"{_LARGER} Share of held-out images whose nearest other image by code shows the same class.",
    "class_accuracy": f"{_LARGER} Share of held-out images whose class D's classifier knows.",
    "information": f"{_LARGER} Bound on the information, in nats, that samples hold about their category.",
    "information_continuous": f"{_LARGER} Bound on the information, in nats, about the continuous code.",
    "code_agreement": f"{_LARGER} Whether each category of the code is one class.",
    "counterpart_error": f"{_SMALLER} Error of translations against their true counterparts.",
    "unchanged_error": f"{_SMALLER} The same error of the sources themselves, untranslated: what to beat.",
    "cycle_error": f"{_SMALLER} Error of images that went to the other domain and back.",
    "inverse_cycle_error": f"{_SMALLER} The same for images of the target domain.",
    "label_preservation": f"{_LARGER} Share of translations that show the class of their source.",
}
"""What each metric says, in Markdown, by its name after `metric/`."""

_ONES = {
    "probability/D_x": "Mean sigmoid of D's logits on **real** images: above 0.5 D takes them for real. 0.5 beside an "
    "equal D_G_z: D cannot tell them apart.",
    "probability/D_G_z": "Mean sigmoid of D's logits on **generated** images: below 0.5 D takes them for generated.",
    "probability/real_above_fake": "How often D ranks a real image above a generated one: 1 always, 0.5 by chance.",
    "logit/real": "D's mean logit on real images.",
    "logit/fake": "D's mean logit on generated images.",
    "images": "Training images that D has seen.",
    "images_per_second": "Training images per second since the last point.",
    "cpu_seconds": "CPU seconds of training so far.",
    "health/separation": "How far D's logits on real and generated images are apart.",
}
_KINDS = {
    "metric": "A metric: docs/metrics.md.",
    "loss": "A turn's loss. Both players change it, so its size says little about quality.",
    "probability": "What D's logits say.",
    "logit": "D's mean logit.",
    "health": "A reading of callback.health, which warns where it becomes odd.",
    "gradient_norm": "The norm of a network's gradient in its last turn, before clipping.",
    "learning_rate": "The learning rate of a turn, by its schedule.",
    "updates": "How many updates a turn has made.",
}


class Place(NamedTuple):
    """A name in TensorBoard, and a description in Markdown."""

    tag: str
    description: str


def place_of(name: str) -> Place:
    """Where the curve `name` of metrics.csv stands, and what it says."""
    kind, _, rest = name.partition("/")
    description = METRICS.get(rest) if kind == "metric" else _ONES.get(name)
    if description is None and kind == "loss" and "/" in rest:
        description = "A term of that turn's loss; the terms add up to it."
    description = description or _KINDS.get(kind) or "A number that this game or augmentation changes by itself."
    if kind in _COUNTED:
        return Place(f"{_PROGRESS}/{name}", description)
    if kind not in _GROUPS:
        return Place(f"{_STATE}/{name}", description)
    return Place(f"{_GROUPS[kind]}/{name if kind == 'logit' else rest}", description)


def place_of_picture(name: str) -> Place:
    """Where the picture `name` stands, and what it shows."""
    return Place(f"{_PICTURES}/{name}", "From the same noise or the same held-out images each time.")
