import torch
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from saddle.logger.curve import place_of, place_of_picture
from saddle.logger.show import show_picture, show_settings, show_text
from saddle.logger.tensorboard import TensorBoard

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


def test_saddles_own_groups_them_and_describes_each_once(tmp_path):
    logger = TensorBoard(str(tmp_path), version="here")
    show(logger)
    for step in (1, 2):
        logger.log_metrics({"metric/frechet": 3.0 - step, "gradient_norm/generator": 0.5}, step)
    logger.finalize("success")
    events = EventAccumulator(str(tmp_path / "here"), size_guidance={"images": 0}).Reload()
    [image] = events.Images("1_pictures/samples")
    assert (image.step, image.width, image.height) == (7, 5, 4)
    assert [(event.step, event.value) for event in events.Scalars("2_metrics/frechet")] == [(1, 2.0), (2, 1.0)]
    descriptions = [
        events.SummaryMetadata(tag).summary_description for tag in ("2_metrics/frechet", "1_pictures/samples")
    ]
    assert descriptions == [place_of("metric/frechet").description, place_of_picture("samples").description]
    [file] = (tmp_path / "here").glob("events*")
    assert file.read_bytes().count(b"Smaller is better") == 1


def test_a_logger_of_numbers_alone_is_left_alone(tmp_path):
    show(CSVLogger(tmp_path))
    assert not list(tmp_path.rglob("*.png"))
