import subprocess
import sys
from pathlib import Path

import pytest

import saddle.metric
from saddle.error import InputError
from saddle.metric.classifier import Classifier
from saddle.metric.classifier_extractor import Card
from saddle.metric.extractor import extractor_for
from saddle.metric.extractor_file import save_extractor


def test_a_setting_names_the_extractor(tmp_path):
    card = Card("made", 1, 16, 3, epochs=1, seed=0, trained=2, tested=1, accuracy=0.5, command="none")
    path = tmp_path / "made.safetensors"
    save_extractor(path, Classifier(1, 16, 3).eval(), card)
    assert extractor_for("none", "mnist") is None
    assert extractor_for("auto", None) is None
    assert extractor_for("auto", "mnist").card.data == "mnist"
    assert extractor_for(str(path), "mnist").card.data == "made"
    with pytest.raises(InputError, match="nowhere"):
        extractor_for("nowhere.safetensors", "mnist")


def test_importing_metrics_loads_neither_lightning_nor_torchvision():
    names = sorted(path.stem for path in Path(saddle.metric.__file__).parent.glob("*.py"))
    assert "inception" in names
    program = "; ".join(f"import saddle.metric.{name}" for name in names if name != "__init__")
    check = "import sys; print([name for name in ('lightning', 'torchvision', 'scipy') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", f"{program}; {check}"], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
