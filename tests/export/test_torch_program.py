import pytest
import torch
from torch import nn

from saddle.error import InputError
from saddle.export.torch_program import captured, read_description, run_program, write_program


def test_a_program_runs_in_a_process_without_saddle_on_any_number_of_rows(tmp_path):
    layer = nn.Linear(3, 2).requires_grad_(False)
    file = tmp_path / "layer.pt2"
    write_program(captured(layer, (torch.zeros(64, 3),), "generator"), {"name": "layer"}, file)
    batches = [(torch.randn(rows, 3),) for rows in (64, 1, 5)]
    made = run_program(file, batches)
    for (inputs,), (outputs,) in zip(batches, made, strict=True):
        assert torch.equal(outputs, layer(inputs))
    assert read_description(file) == '{\n  "name": "layer"\n}'


def test_a_network_that_cannot_be_followed_is_refused():
    class Branching(nn.Module):
        def forward(self, inputs):
            return inputs if inputs.sum() > 0 else -inputs

    with pytest.raises(InputError, match=r"architecture\.generator: .* use --format safetensors"):
        captured(Branching(), (torch.ones(64, 3),), "generator")
