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
# # Watch a GAN lose modes
#
# A generator that draws one perfect seven, always the same, has found a way to win without learning the other digits.
# This is called *mode collapse*. With pictures it is hard to see how it happens. So we take the simplest data on which
# it can: points in the plane, in eight small heaps on a circle. Each heap is a *mode*.
#
# We train the same two networks twice, with the same loss, that of the first paper on GANs (`loss=minimax`). The second
# time one term is added: `penalty=r1` makes D pay for steep slopes at real points. *What could D's slopes have to do
# with G's variety? Make a guess before you go on.*
#
# One run says little, because the random start matters. So we train both with three different seeds: six runs, and
# two to three minutes in all.

# %%
import saddle

steps = 1500
common = [
    "experiment=ring",
    "loss=minimax",
    "data.batch_size=128",
    "optimizer.lr=1e-3",
    "optimizer.betas=[0.5,0.999]",
    f"trainer.max_steps={steps}",
    "callback.points.every_iterations=50",
]
penalties = {"none": "no penalty", "r1": "R1"}
seeds = (0, 1, 2)

runs = {}
for penalty in penalties:
    for seed in seeds:
        every = 100 if seed == seeds[0] else steps  # pictures of the first seed only
        chosen = [f"penalty={penalty}", f"seed={seed}", f"callback.samples.every_iterations={every}"]
        runs[penalty, seed] = saddle.train(common + chosen)

# %% [markdown]
# ## The film
#
# Left without a penalty, right with R1. Yellow is the data, and black is what G makes. The color is D's opinion: blue
# where it finds points real, red where it does not. The arrows show where D sends the points of G.
#
# *Follow the arrows on the left. What happens when all points of G arrive at one heap together, and D notices?*

# %%
from pathlib import Path

import IPython.display
from PIL import Image

from saddle.picture.film import write_film

folders = [runs[penalty, seeds[0]].folder / "samples" for penalty in penalties]


def side_by_side(name, width):
    """The pictures of this name of both runs, each so many pixels wide."""
    pictures = [Image.open(folder / name).convert("RGB") for folder in folders]
    height = width * pictures[0].height // pictures[0].width
    frame = Image.new("RGB", (width * len(pictures), height))
    for place, picture in enumerate(pictures):
        frame.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (width * place, 0))
    return frame


names = sorted(file.name for file in folders[0].glob("*.png"))
film = Path("outputs", "losing_modes.gif")
write_film([side_by_side(name, 460) for name in names], film, seconds=14)
IPython.display.Image(filename=film)

# %% [markdown]
# ## The count
#
# Every 50 iterations saddle draws 2,500 points and counts the heaps that G hits.

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 2, figsize=(10, 3), sharey=True)
for panel, (penalty, title) in zip(axes, penalties.items(), strict=True):
    for seed in seeds:
        curve = runs[penalty, seed].curves["metric/modes"]
        panel.plot(curve.iterations, curve.values, label=f"seed {seed}")
    panel.set_title(title)
    panel.set_xlabel("iteration")
axes[0].set_ylabel("modes of 8")
axes[0].set_ylim(0, 8.5)
axes[0].legend()
plt.show()

for (penalty, seed), run in runs.items():
    metrics = run.summary["metrics"]
    caught, sharp = metrics["metric/modes"], metrics["metric/high_quality"]
    print(f"{penalties[penalty]:10}  seed {seed}:  {caught} modes, {sharp:.0%} of the points inside a heap")

# %% [markdown]
# Without a penalty G finds heaps and loses them again, with every seed. It does not collapse once and for all: it
# *wanders*. If you look only at the last iteration, the number of modes is a matter of luck.
#
# ## Why
#
# Look at the last pictures in full size, and read the numbers beside the color bars.

# %%
side_by_side(names[-1], 680)

# %% [markdown]
# D's opinions differ by dozens on the left and by hundredths on the right. A D that is so sure of itself makes a steep
# landscape. Steep slopes throw G's points far, and all in one direction, past the next heap. By then D has noticed,
# and the landscape has changed. R1 makes D pay for slopes at real points. So D's slopes are gentle, and each point of G
# walks to the heap that is next to it.
#
# Without the penalty there are often blue places without a black point. D knows that something is missing there. *Why
# does G not hear of it? Look where the arrows begin.*
#
# In a picture of a digit the same happens in 784 dimensions, where nobody can draw the landscape.
#
# ## Now you
#
# - Replace `loss=minimax` by `loss=non_saturating`, `loss=hinge` or `loss=relativistic`. *Which of them needs the
#   penalty least?*
# - Let R1 be weak or strong: add `penalty.r1.weight=0.01` or `penalty.r1.weight=100` where the penalty is R1.
# - `experiment=grid` has 25 heaps. *Does your favorite still win?*
# - Six runs with different settings each time are many runs. `saddle compare` puts them into one table: see
#   `own_loss.py`, where you write a loss yourself.
