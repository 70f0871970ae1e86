"""A network as an ONNX model, which onnxruntime runs."""

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram

from saddle.error import InputError, first_line
from saddle.export.description import KEY, as_text

ENDING = ".onnx"

_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_OPSET = 18


def check_packages(form: str) -> None:
    """Raise InputError, with the command, unless the packages of the format `form` are installed."""
    from importlib.util import find_spec

    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise InputError(
            f"--format {form} needs the package {missing[0]}, which is not installed: "
            'python -m pip install -e ".[export]" -c constraints.txt'
        )


def write_model(graph: ExportedProgram, description: dict[str, Any], file: Path) -> None:
    """Write a graph as a model, beside the description; raises InputError, naming the network, if ONNX lacks a part."""
    inputs, outputs = description["inputs"], description["outputs"]
    rows = ({0: "N"}, *({} for _ in inputs[1:]))  # a name stands once
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`isinstance.treespec, LeafSpec.` is deprecated", FutureWarning)
            program = torch.onnx.export(
                graph,
                input_names=inputs,
                output_names=outputs,
                opset_version=_OPSET,
                dynamic_shapes=rows,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        raise InputError(
            f"architecture.{description['network']}: ONNX cannot hold this network ({first_line(error)}): use "
            "--format torch"
        ) from error
    assert program is not None, "torch.onnx.export with dynamo returns a program"
    program.model.metadata_props.update(_metadata(description))
    program.save(file)


def _metadata(description: dict[str, Any]) -> dict[str, str]:
    """What a model says about itself: the description, and by themselves the entries that other programs need."""
    return {
        KEY: as_text(description),
        "class_names": json.dumps(description["classes"]),
        "truncation": json.dumps(description["truncation"]),
        "checkpoint_sha256": description["checkpoint"]["sha256"],
    }


def read_description(file: Path) -> str | None:
    """The description in a model as JSON; None if there is none. Raises InputError if the file is damaged."""
    text: str | None = _session(file).get_modelmeta().custom_metadata_map.get(KEY)
    return text


def run_model(file: Path, batches: list[tuple[Tensor, ...]]) -> list[tuple[Tensor, ...]]:
    """The outputs of a model by onnxruntime, batch by batch."""
    session = _session(file)
    names = [value.name for value in session.get_inputs()]
    made: list[tuple[Tensor, ...]] = []
    for batch in batches:
        inputs = {name: values.numpy() for name, values in zip(names, batch, strict=True)}
        made.append(tuple(torch.from_numpy(output) for output in session.run(None, inputs)))
    return made


def _session(file: Path) -> Any:
    """The session of a model on one thread of the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises many kinds of errors on a damaged file
        raise InputError(f"{file}: the model cannot be read ({first_line(error)}); export it again") from error
