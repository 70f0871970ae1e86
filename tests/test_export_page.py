"""Pages of generators in a real browser, without a network and from a folder of files."""

import base64
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from browser import CHROMIUM, opened_page
from exports import DCGAN, LABELS, MLP, opened
from helpers import REPOSITORY
from saddle.error import InputError
from saddle.layout import SOFTWARE
from saddle.training.interpolation import slerp
from saddle.training.noise import fixed_noise
from saddle.training.sampling import as_bytes

RUNTIME = Path(os.environ.get("SADDLE_ONNXRUNTIME_WEB", REPOSITORY / "node_modules" / "onnxruntime-web"))
COLOR = ["data=image_folder", "data.root=FOLDER", "data.classes=2", "data.image_size=16", "data.channels=3"]

needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
needs_runtime = pytest.mark.skipif(
    not RUNTIME.is_dir(), reason="there is no onnxruntime-web: npm install, or SADDLE_ONNXRUNTIME_WEB=FOLDER"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory, picture_folder):
    folder = tmp_path_factory.mktemp("run")
    return opened(folder, picture_folder, *DCGAN, *LABELS, *COLOR, classes=["horses", "zebras <&>"])


@pytest.fixture(scope="module")
def page(run, tmp_path_factory):
    """The page of the run, opened."""
    folder = tmp_path_factory.mktemp("page")
    run.export(folder / "web", format="web", runtime=RUNTIME)
    with opened_page(folder) as page:
        page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder / "saved"))
        page.saved = folder / "saved"
        page.seconds = page.open((folder / "web" / "index.html").as_uri())
        yield page
        assert page.errors == []


def pixels(page, selector: str) -> torch.Tensor:
    """The pixels of canvases, uint8 (N, 3, H, W)."""
    script = f"""[...document.querySelectorAll({selector!r})].map((canvas) =>
        [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data])"""
    values = torch.tensor(page.run(script), dtype=torch.uint8)
    return values.view(len(values), 16, 16, 4).permute(0, 3, 1, 2)[:, :3]


def furthest(images: torch.Tensor, others: torch.Tensor) -> int:
    assert images.shape == others.shape
    return int((images.int() - others.int()).abs().max())


def choose(page, name: str, value: object) -> None:
    """Give an input a value as a person does, and wait until all is drawn."""
    events = "for (const name of ['input', 'change']) input.dispatchEvent(new Event(name));"
    page.run(f"{{ const input = byId('{name}'); input.value = '{value}'; {events} }}")
    page.run("show()")


@needs_browser
@needs_runtime
def test_a_seed_gives_the_samples_of_saddle(page, run):
    for seed in (0, 7, 123456789):
        choose(page, "seed", seed)
        assert furthest(pixels(page, "#samples canvas"), run.sample(24, seed=seed)) <= 1
    assert page.run("document.querySelectorAll('#samples canvas')[3].getAttribute('aria-label')") == (
        "sample 4 of seed 123456789, zebras <&>"
    )
    page.run("byId('next').click()")
    page.run("show()")
    assert furthest(pixels(page, "#samples canvas"), run.sample(24, seed=123456790)) <= 1


@needs_browser
@needs_runtime
def test_classes_have_buttons_by_name_and_latents_are_cut_off(page, run):
    names = page.run("[...document.querySelectorAll('#classes button')].map((button) => button.textContent)")
    assert names == ["all", "horses", "zebras <&>"]
    choose(page, "seed", 3)
    page.run("document.querySelectorAll('#classes button')[2].click()")
    choose(page, "truncation", 0.7)
    expected = run.sample(24, seed=3, labels="zebras <&>", truncation=0.7)
    assert furthest(pixels(page, "#samples canvas"), expected) <= 1
    assert furthest(expected, run.sample(24, seed=3, labels="zebras <&>")) > 1
    choose(page, "truncation", 3)
    page.run("document.querySelectorAll('#classes button')[0].click()")
    page.run("show()")


@needs_browser
@needs_runtime
def test_two_samples_are_picked_by_keyboard_and_all_between_them_is_shown(page, run):
    choose(page, "seed", 0)
    for index in (2, 5):
        page.run(f"byId('samples').children[{index}].focus()")
        page.press("Enter", 13, "\r")
    pressed = page.run("[...byId('samples').children].map((button) => button.getAttribute('aria-pressed'))")
    assert [index for index, value in enumerate(pressed) if value == "true"] == [2, 5]
    latents = fixed_noise(0, "samples", (6, run.generator.latent_dim))
    for share in (0, 30, 100):
        choose(page, "between", share)
        latent = slerp(latents[2:3], latents[5:6], torch.tensor([share / 100]))[0]
        with torch.no_grad():
            expected = as_bytes(run.generator(latent, torch.zeros(1, dtype=torch.int64)))
        assert furthest(pixels(page, "#large"), expected) <= 1


@needs_browser
@needs_runtime
def test_a_walk_moves_until_it_is_stopped(page):
    page.run("byId('walk').click()")
    seen = []
    for _ in range(3):
        page.run("new Promise((done) => setTimeout(done, 400))")
        seen.append(pixels(page, "#large"))
    assert furthest(seen[0], seen[1]) > 0 < furthest(seen[1], seen[2])
    page.run("byId('walk').click()")
    page.run("showPicked()")
    still = pixels(page, "#large")
    page.run("new Promise((done) => setTimeout(done, 300))")
    assert furthest(still, pixels(page, "#large")) == 0


@needs_browser
@needs_runtime
def test_samples_are_saved_as_a_picture(page, run):
    choose(page, "seed", 1)
    page.run("byId('save').click()")
    page.wait("new Promise((done) => setTimeout(() => done(true), 500))")
    with Image.open(page.saved / "seed-1.png") as picture:
        assert picture.info["Software"] == SOFTWARE
        sheet = torch.from_numpy(np.array(picture.convert("RGB")))
    rows = sheet.view(3, 16, 8, 16, 3).permute(0, 2, 4, 1, 3).flatten(0, 1)
    assert furthest(rows, run.sample(24, seed=1)) <= 1


@needs_browser
@needs_runtime
def test_the_page_suits_dark_and_light_and_a_phone(page):
    colors = []
    for scheme in ("light", "dark"):
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        colors.append(page.run("getComputedStyle(document.body).backgroundColor"))
    assert colors == ["rgb(250, 250, 252)", "rgb(21, 21, 27)"]
    page.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
    assert page.run("document.documentElement.scrollWidth") <= 360
    unnamed = """[...document.querySelectorAll("input, select, button, canvas")].filter((part) =>
        !part.labels?.length && !part.textContent.trim() && !part.getAttribute("aria-label")
        && !part.querySelector("[aria-label]")).length"""
    assert page.run(unnamed) == 0


@needs_browser
@needs_runtime
def test_a_page_without_classes_draws_the_short_latents_of_saddle(tmp_path, picture_folder):
    run = opened(tmp_path, picture_folder, *MLP, "architecture.generator.latent_dim=5", "data.image_size=16")
    run.export(tmp_path / "web", format="web", runtime=RUNTIME, truncation=1.5)
    with opened_page(tmp_path) as page:
        page.open((tmp_path / "web" / "index.html").as_uri())
        expected = run.sample(24, truncation=1.5).expand(-1, 3, -1, -1)
        assert furthest(pixels(page, "#samples canvas"), expected) <= 1
        assert page.run("byId('classes').children.length") == 0
        assert page.errors == []


@pytest.mark.slow
@needs_browser
@needs_runtime
def test_translations_are_those_of_saddle(cyclegan, tmp_path):
    from saddle.run.finished import FinishedRun

    run = FinishedRun.open(cyclegan)
    run.export(tmp_path / "web", format="web", runtime=RUNTIME)
    with opened_page(tmp_path) as page:
        page.open((tmp_path / "web" / "index.html").as_uri())
        shown = """[...document.querySelectorAll("#samples canvas")].map((canvas) => [...canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height).data].filter((_, i) => i % 4 === 0))"""
        values = torch.tensor(page.run(shown), dtype=torch.uint8).view(12, 2, 1, 12, 12)
        sources = as_bytes(run.image_data.held_out(12)["source"])
        assert torch.equal(values[:, 0], sources)
        assert furthest(values[:, 1], run.translate(sources).images) <= 1
        page.run("byId('direction').value = 'inverse'")
        page.run("showSources()")
        values = torch.tensor(page.run(shown), dtype=torch.uint8).view(12, 2, 1, 12, 12)
        assert torch.equal(values[:, 0], as_bytes(run.image_data.held_out(12)["image"]))
        png = base64.b64encode((REPOSITORY / "docs" / "figures" / "games.png").read_bytes()).decode()
        picture = f"fetch('data:image/png;base64,{png}').then((answer) => answer.blob())"
        page.run(f"{picture}.then(showPicture)")
        assert page.run("document.querySelectorAll('#samples canvas').length") == 2
        assert page.errors == []


def test_the_readable_script_stays_short():
    files = sorted((REPOSITORY / "src" / "saddle" / "export" / "page").glob("*.js"))
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) < 400
    assert max(len(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()) <= 120


def test_a_page_that_cannot_be_is_refused(run, tmp_path, picture_folder):
    (tmp_path / "empty").mkdir()
    points = opened(tmp_path, picture_folder, "experiment=ring")
    for asked, settings in [
        (points, {"format": "web", "runtime_version": "1.30.0"}),
        (run, {"format": "web"}),
        (run, {"format": "web", "runtime": tmp_path / "empty"}),
        (run, {"format": "web", "runtime": tmp_path / "empty", "runtime_version": "1.30.0"}),
        (run, {"format": "onnx", "runtime": tmp_path / "empty"}),
        (run, {"format": "onnx", "runtime_version": "1.30.0"}),
        (run, {"format": "png"}),
        (run, {"format": "hub", "pixels": "float32"}),
        (run, {"format": "onnx", "pixels": "uint16"}),
    ]:
        with pytest.raises(InputError, match=r"^(format|runtime|runtime_version|pixels)="):
            asked.export(tmp_path / "out", **settings)
        assert not (tmp_path / "out").exists()


def test_a_page_links_a_version_where_it_is_asked_to(run, tmp_path):
    run.export(tmp_path / "out", format="web", runtime_version="1.30.0")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "onnxruntime-web@1.30.0/dist/ort.wasm.min.js" in page
    assert "onnxruntime-web@1.30.0/dist/" in (tmp_path / "out" / "runtime.js").read_text(encoding="utf-8")
    assert not (tmp_path / "out" / "ort.wasm.min.js").exists()
