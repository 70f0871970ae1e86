"""The few lines with which people without saddle and torch run a model: onnxruntime, NumPy and Pillow."""

from typing import Any

_MODEL = 'model = onnxruntime.InferenceSession("generator.onnx")'
_IMPORTS = ["import numpy as np", "import onnxruntime"]
_NUM = 16


def snippet_of(description: dict[str, Any]) -> str:
    """At most 15 lines that run the generator of this description (`saddle.export.description`), with uint8 pixels."""
    if description["kind"] == "translator":
        return "\n".join([*_IMPORTS, "from PIL import Image", "", _MODEL, *_translating(description)])
    imports = _IMPORTS if description["shape"] is None else [*_IMPORTS, "from PIL import Image"]
    return "\n".join([*imports, "", _MODEL, *_sampling(description)])


def _sampling(description: dict[str, Any]) -> list[str]:
    lines = [
        "random = np.random.default_rng(0)",
        f"latent = random.standard_normal(({_NUM}, {description['latent_dim']}), dtype=np.float32)",
    ]
    threshold = description["truncation"]
    if threshold is not None:
        lines.append(f"while (far := np.abs(latent) > {threshold}).any():")
        lines.append("    latent[far] = random.standard_normal(far.sum())")
    inputs = '"latent": latent'
    if description["classes"]:
        lines.append(f"label = np.arange({_NUM}) % {len(description['classes'])}")
        inputs += ', "label": label'
    if description["shape"] is None:
        return [*lines, f"print(model.run(None, {{{inputs}}})[0])"]
    lines += [f"images = model.run(None, {{{inputs}}})[0]", "for number, image in enumerate(images):"]
    return [*lines, f'    Image.fromarray({_as_picture("image", description)}).save(f"{{number}}.png")']


def _translating(description: dict[str, Any]) -> list[str]:
    channels, height, width = description["shape"]
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    return [
        f'picture = Image.open("source.png").convert("{mode}").resize(({width}, {height}))',
        f"source = np.asarray(picture).reshape(1, {height}, {width}, {channels})",
        'image = model.run(None, {"source": source})[0][0]',
        f'Image.fromarray({_as_picture("image", description)}).save("translation.png")',
    ]


def _as_picture(name: str, description: dict[str, Any]) -> str:
    """An array as Pillow takes it: gray pictures have two dimensions."""
    return f"{name}[..., 0]" if description["shape"][0] == 1 else name
