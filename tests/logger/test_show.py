import torch
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from saddle.logger.show import show_picture, show_settings, show_text

PICTURE = torch.arange(3 * 4 * 5, dtype=torch.uint8).view(3, 4, 5)


def show(logger) -> None:
    show_picture(logger, "samples", 7, PICTURE)
    show_text(logger, "health/duplicates", 7, "G collapses")
    show_settings(logger, {"loss": "hinge"})


def test_tensorboard_shows_pictures_and_texts(tmp_path):
    logger = TensorBoardLogger(tmp_path, name="", version="here")
    show(logger)
    logger.finalize("success")
    events = EventAccumulator(str(tmp_path / "here"), size_guidance={"images": 0}).Reload()
    [image] = events.Images("samples")
    assert (image.step, image.width, image.height) == (7, 5, 4)
    assert "health/duplicates/text_summary" in events.Tags()["tensors"]


def test_a_logger_of_numbers_alone_is_left_alone(tmp_path):
    show(CSVLogger(tmp_path))
    assert not list(tmp_path.rglob("*.png"))
