"""What a method is asked for and cannot do is refused in a sentence that names its argument."""

import pytest
import torch

import saddle
from saddle.cli.tools import run_tool
from saddle.error import ArgumentError, InputError


def check_refused(refused) -> None:
    """Each call raises an InputError of one line, which its pattern matches."""
    for call, message in refused:
        with pytest.raises(InputError, match=message) as caught:
            call()
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.slow
def test_what_cannot_be_is_refused_in_a_sentence_that_names_the_argument(vae, bigan, points):
    run, plain, on_points = (saddle.open_run(folder) for folder in (vae, bigan, points))
    images = run.image_data.training()[0][:2]
    refused = [
        (lambda: run.sample(2, labels=10), "labels=10: .* knows the classes 0 to 9"),
        (lambda: run.sample(2, labels=[1, -1]), "labels=-1: .* knows the classes 0 to 9"),
        (lambda: run.sample(2, labels=[1, 1, 1]), "labels: expected one class or 2 of them"),
        (lambda: run.sample(2, labels="seven"), "labels=seven: .* knows the classes 0 to 9"),
        (lambda: run.sample(2, labels=1.5), "labels: expected whole numbers"),
        (lambda: plain.sample(2, labels=1), "labels=1: .* takes no labels"),
        (lambda: run.sample(2, truncation=0), "truncation=0: use a number above 0"),
        (lambda: run.sample(2, sources=images), "sources: .* made of noise"),
        (lambda: run.sample(0), "num=0: use at least 1"),
        (lambda: run.sample(10**13), r"num=10000000000000: this needs [\d,.]+ GiB"),
        (lambda: run.interpolate(steps=1), "steps=1: a way has two ends"),
        (lambda: run.interpolate(0), "rows=0: use at least 1"),
        (lambda: run.interpolate(10**10), r"rows=10000000000: this needs [\d,.]+ GiB"),
        (lambda: run.interpolate(899, images=True), "rows=899: this needs 1798 images, and there are 1797"),
        (lambda: on_points.interpolate(), "makes points, and a way between points"),
        (lambda: on_points.encode(), "game=adversarial trains no encoder"),
        (lambda: on_points.reconstruct(), "game=adversarial trains no encoder"),
        (lambda: run.encode(images, num=2), "images: training and num choose"),
        (lambda: run.encode(images, training=True), "images: training and num choose"),
        (lambda: run.encode(images[0]), r"images: expected images of the shape \(N, 1, 20, 20\)"),
        (lambda: run.encode(images.float()), "images: expected uint8, or floats from -1 to 1"),
        (lambda: run.encode(images.long()), "images: expected uint8, or floats"),
        (lambda: run.encode(num=0), "num=0: use at least 1"),
        (lambda: run.reconstruct(labels=1), "labels: the run's own images"),
        (lambda: run.reconstruct(images, labels=1, num=2), "num: it is the number of the run's own"),
        (lambda: plain.reconstruct(images, labels=1), "labels=1: .* takes no labels"),
        (lambda: run.translate(), "translates nothing"),
        (lambda: on_points.translate(), "translates nothing"),
        (lambda: run.evaluate(3), "num=3: too few to measure: use at least 4"),
        (lambda: on_points.evaluate(99), "num=99: too few to measure: use at least 100"),
        (lambda: on_points.evaluate(extractor="x.pth"), "extractor=x.pth: it reads images"),
        (lambda: run.evaluate(extractor="none"), "extractor=none: without an extractor nothing is measured"),
    ]
    check_refused(refused)


def test_a_run_that_translates_refuses_what_a_latent_is_needed_for(cyclegan):
    run = saddle.open_run(cyclegan)
    refused = [
        (lambda: run.sample(2, labels=1), "labels=1: .* translates images"),
        (lambda: run.sample(2, truncation=1), "truncation=1: .* translates images"),
        (lambda: run.sample(2, sources=torch.zeros(2, 1, 3, 3)), "sources: expected images of the shape"),
        (lambda: run.interpolate(), "translates images: there is no latent to go through"),
        (lambda: run.encode(), "game=cyclegan trains no encoder"),
        (lambda: run.reconstruct(), "game=cyclegan trains no encoder"),
        (lambda: run.translate(torch.zeros(1, 1, 9, 9)), "sources: expected images of the shape .N, 1, 12, 12"),
        (lambda: run.translate(torch.zeros(1, 1, 12, 12), num=1), "num: it is the number"),
        (lambda: run.translate(num=0), "num=0: use at least 1"),
    ]
    check_refused(refused)


def test_a_command_says_of_its_option_what_a_method_says_of_its_argument(vae, tmp_path, capsys):
    with pytest.raises(ArgumentError) as caught:
        saddle.open_run(vae).sample(2, labels=12)
    assert str(caught.value).startswith("labels=12: ")
    assert run_tool(["sample", str(vae), "--label", "12", "--out", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err.strip() == f"--label 12: {caught.value.reason}"
