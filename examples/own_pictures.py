# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # From your own pictures to a web page
#
# You have a folder of pictures. In the end you will have a page that draws new ones in anybody's browser, on any
# computer or phone, without Python.
#
# ## The pictures
#
# Any folder will do: your photographs, your drawings, screenshots of a game. If you have none, take cats. The package
# robohash (`pip install robohash`) brings parts of cats, drawn by David Revoy and free under the license CC-BY-4.0
# (name him where you show them). We put 3,000 cats together. To take pictures of your own, skip the next cell, and
# let `folder` be their folder.

# %%
import random
from pathlib import Path

import robohash
from PIL import Image

folder = Path("outputs", "cats")
count = 3000
folder.mkdir(parents=True, exist_ok=True)


def small(file):
    """A part of a cat, at 64 pixels."""
    with Image.open(file) as part:
        return part.convert("RGBA").resize((64, 64), Image.Resampling.LANCZOS)


parts = Path(robohash.__file__).parent / "sets" / "set4"
layers = sorted(parts.iterdir(), key=lambda layer: layer.name.split("#")[1])  # body, fur, eyes, mouth, accessory
options = [[small(file) for file in sorted(layer.glob("*.png"))] for layer in layers]
random.seed(0)
for number in range(count):
    cat = Image.new("RGBA", (64, 64), "white")
    for layer in options:
        cat.alpha_composite(random.choice(layer))
    cat.convert("RGB").save(folder / f"{number:04}.png")

# %% [markdown]
# Here are 24 of them. Remember them well: in a few minutes you will be asked which ones are real.


# %%
def wall(pictures, columns=12):
    """Pictures of one size in rows."""
    width, height = pictures[0].size
    grid = Image.new("RGB", (width * columns, height * -(-len(pictures) // columns)), "white")
    for place, picture in enumerate(pictures):
        grid.paste(picture, (width * (place % columns), height * (place // columns)))
    return grid


files = sorted(folder.glob("*.png"))
wall([Image.open(file) for file in files[:24]])

# %% [markdown]
# ## Train
#
# `experiment=pictures` looks at the folder and at the machine, chooses settings, and prints what it chose and why. We
# ask for 32 pixels and for a short run: D sees 40,000 pictures, each of the 3,000 about 13 times. For a run so short we
# decide two things ourselves. `augmentation=none` leaves the pictures that D sees as they are: changing them would keep
# D from learning 3,000 pictures by heart, but it takes far longer until that happens. And
# `architecture.generator.upsampling=nearest` learns faster, at the price of a faint grid in the samples.

# %%
import saddle

images = 40_000
run = saddle.train(
    [
        "experiment=pictures",
        f"data.root={folder}",
        "data.image_size=32",
        "augmentation=none",
        "architecture.generator.upsampling=nearest",
        f"training.images={images}",
        "callback.samples.every_iterations=250",
        "callback.quality.extractor=none",
    ]
)

# %% [markdown]
# Without a network that knows cats there is no number for how good they are, so we asked for none. (`saddle extractor`
# trains such a network in a minute or two: docs/pictures.md.) Your eyes must do. But the table has one telling number,
# `probability/real_above_fake`: how often D prefers a real cat to one of G. *Is G good enough to fool it?*
#
# ## Look
#
# Upper rows: samples. Lower rows: real cats, as small as G saw them. *What has G learned first, and what is still
# missing? Ears, colors, eyes, glasses?*

# %%
samples = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in run.sample(24)]
real = [Image.open(file).resize((32, 32), Image.Resampling.BICUBIC) for file in files[:24]]
wall([picture.resize((64, 64), Image.Resampling.NEAREST) for picture in samples + real])

# %% [markdown]
# Two cats, and the way from one to the other, three times. *Where does the fur change its color: all at once, or
# little by little?*

# %%
between = run.interpolate(3, steps=12, seed=1).flatten(0, 1)
steps = [Image.fromarray(image.permute(1, 2, 0).numpy()) for image in between]
wall([picture.resize((64, 64), Image.Resampling.NEAREST) for picture in steps])

# %% [markdown]
# ## A film
#
# The same random numbers, from the first iteration to the last.

# %%
import IPython.display

from saddle.picture.film import frames, write_film

film = Path("outputs", "cats.gif")
write_film(frames(sorted((run.folder / "samples").glob("*.png"))), film, seconds=6)
IPython.display.Image(filename=film, width=548)

# %% [markdown]
# ## The page
#
# The page computes with onnxruntime-web. `npm install onnxruntime-web` fetches it, and then the page is complete: it
# needs no network. Without it the page links it, and whoever opens the page needs a network. Before the export ends,
# another engine draws 64 cats, and saddle compares them pixel by pixel.

# %%
import os
import time

runtime = Path(os.environ.get("SADDLE_ONNXRUNTIME_WEB", "node_modules/onnxruntime-web"))
place = {"runtime": runtime} if runtime.is_dir() else {"runtime_version": "1.30.0"}
page = Path("outputs", f"page-{time.strftime('%H%M%S')}")
for file in run.export(page, format="web", **place):
    print(file.file.name, "differs by at most", file.difference)

# %% [markdown]
# Open `index.html` in that folder by a double click, or put the folder on any web host. If there is a Chromium on this
# machine, this is what it shows:

# %%
import shutil
import subprocess

browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
address = (page / "index.html").absolute().as_uri()
picture = page.with_suffix(".png").absolute()
flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking"]
flags += ["--window-size=1000,700", "--virtual-time-budget=1000000", f"--screenshot={picture}"]


def is_colorful(file):
    """Whether the page shows its samples: it has few colors while the model is still loading."""
    return Image.open(file).convert("RGB").getcolors(maxcolors=1000) is None


for _ in range(10 if browser else 0):
    subprocess.run([browser, *flags, address], capture_output=True, check=True)
    if is_colorful(picture):
        break
IPython.display.Image(filename=picture) if browser else address

# %% [markdown]
# ## Now you
#
# - Let `folder` be a folder of yours. A few hundred pictures of one kind, taken alike, are a good beginning. *Why are
#   a thousand holiday photographs harder than 3,000 cats?*
# - `images = 400_000` takes ten times as long. Leave out the two settings then. `saddle.train` with
#   `resume=` and the run's folder goes on instead of beginning again.
# - With one sub-folder for each kind (cats, robots, birds) and `data.classes=3 architecture.conditional=true` the page
#   gets a button for each kind.
# - docs/pictures.md says how settings are chosen, docs/export.md what else a run can become.
