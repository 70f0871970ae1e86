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
# # Your first GAN in 15 minutes
#
# Two networks play a game. The *generator* G turns random numbers into pictures. The *discriminator* D looks at a
# picture and says how real it finds it. D learns to tell real pictures from those of G, and G learns to please D. G
# never sees a real picture: all it ever hears is what D thinks.
#
# Can that work? Let us try it on handwritten digits. They ship inside scikit-learn, so nothing is downloaded.

# %%
import matplotlib.pyplot as plt
from PIL import Image
from sklearn.datasets import load_digits

digits = load_digits()
figure, axes = plt.subplots(1, 10, figsize=(10, 1.2))
for digit, panel in enumerate(axes):
    panel.imshow(digits.images[digit], cmap="gray")
    panel.set_title(digits.target[digit])
    panel.axis("off")
plt.show()
print(len(digits.images), "pictures of", digits.images[0].shape, "pixels")

# %% [markdown]
# ## Train
#
# One line trains both networks. saddle enlarges the pictures to 28 x 28 pixels, because its networks are made for that
# size. The line takes about two minutes. Meanwhile, make a guess: what will the first pictures look like, before G has
# learned anything?

# %%
import saddle

steps = 1500
run = saddle.train(["data=digits", f"trainer.max_steps={steps}"])
run

# %% [markdown]
# ## Draw
#
# These digits were never written by anybody. Each one comes from 64 random numbers, and from the digit that we ask for:
# G and D were told which digit a picture shows.


# %%
from saddle.picture.grid import row_grid


def show(images, columns, scale=2):
    """Images, uint8 (N, C, H, W), in rows of `columns`."""
    rows = images.unflatten(0, (-1, columns))
    grid = Image.fromarray(row_grid(rows).permute(1, 2, 0).numpy())
    return grid.resize((scale * grid.width, scale * grid.height), Image.Resampling.NEAREST)


show(run.sample(40), columns=10)

# %% [markdown]
# Ask for sevens only. *What stays the same in all of them, and what changes?*

# %%
show(run.sample(20, labels=7, seed=1), columns=10)

# %% [markdown]
# ## How it got there
#
# While it trains, saddle keeps drawing pictures from the same random numbers. So the same place in these grids shows
# the same "idea" at different ages. *Which comes first: the shape of a digit, or its variety?*

# %%
figure, axes = plt.subplots(1, 4, figsize=(14, 4.4), layout="constrained")
for age, panel in zip((0, 50, 200, steps), axes, strict=True):
    grid = run.folder / "samples" / f"{age:08}.png"
    if grid.exists():
        panel.imshow(Image.open(grid).convert("RGB"))
        panel.set_title(f"iteration {age:,}")
    panel.axis("off")
plt.show()

# %% [markdown]
# ## The curves
#
# In most of machine learning a loss goes down, and that is good news. Here are two losses, one for each player. The
# right panel shows how often D is right when it sees a real picture beside a generated one.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.5))
for name in ("loss/discriminator", "loss/generator"):
    left.plot(run.curves[name].iterations, run.curves[name].values, label=name)
left.legend()
curve = run.curves["probability/real_above_fake"]
right.plot(curve.iterations, curve.values, label="D is right")
right.axhline(0.5, color="gray", linestyle=":", label="a coin is right")
right.set_ylim(0, 1)
right.legend()
for panel in (left, right):
    panel.set_xlabel("iteration")
plt.show()

# %% [markdown]
# G's loss falls at first and then hardly moves. D's loss even rises, although D never stops learning: its opponent
# becomes better, too. Meanwhile the pictures improved, and neither loss says so. So **do not judge a GAN by its
# losses**. Look at its pictures, or measure them, as we do below.
#
# *Where would the right curve be if G were perfect? Where if D were?*
#
# ## What D has learned
#
# We show D three kinds of pictures: real digits, those of G, and noise. D answers with a number, its *logit*. The
# higher it is, the more real D finds the picture.

# %%
import torch

from saddle.data.resize import resized

real, labels = run.data.load()
real = resized(real, 28)
kinds = {
    "noise": torch.randint(0, 256, (500, 1, 28, 28), dtype=torch.uint8),
    "generated": run.sample(500, labels=labels[:500]),
    "real": real[:500],
}
discriminator = run.network("discriminator")
with torch.no_grad():
    for kind, images in kinds.items():
        logits = discriminator(images / 127.5 - 1, labels[:500])
        plt.hist(logits.numpy(), bins=40, alpha=0.6, label=kind)
plt.xlabel("D's logit")
plt.legend()
plt.show()

# %% [markdown]
# D is sure about noise. Real and generated pictures lie nearly on top of each other: D can hardly tell them apart. But
# is that because G is good, or because D is weak? From this picture alone nobody can say. *How would you find out?*
#
# ## What G has learned
#
# Did G just learn the pictures by heart? Two tests. First, for each picture of G (upper row) we search for the real one
# that is closest to it (lower row).

# %%
images = run.sample(10, seed=2)
distances = torch.cdist(images.flatten(1).float(), real.flatten(1).float())
show(torch.cat([images, real[distances.argmin(1)]]), columns=10)

# %% [markdown]
# Close, but not the same. Second, we walk from one point of G's random numbers to another. A G that
# had learned pictures by heart would jump from one to the next.

# %%
show(run.interpolate(4, steps=10, seed=3).flatten(0, 1), columns=10)

# %% [markdown]
# ## Measure
#
# The *Frechet distance* compares many samples with many real pictures, as a network sees them that was trained to read
# digits. It is 0 if the two are alike, and less is better. `modes` counts which of the ten digits G can draw.

# %%
measured = run.evaluate(2000).samples
print("Frechet distance", round(measured["frechet"], 2), "  digits drawn", measured["modes"])

# %% [markdown]
# ## Go on
#
# A run goes on where it stopped, with the same bits as if it had never stopped. *Will 100 more iterations change much?*

# %%
run = saddle.train([f"resume={run.folder}", f"trainer.max_steps={steps + 100}"])
run.iteration

# %% [markdown]
# ## Now you
#
# Change one thing, guess what happens, then look. In a terminal each of these is one command:
#
# ```sh
# python train.py data=digits architecture.conditional=false
# python train.py data=digits loss=hinge
# python train.py data=digits architecture=mlp penalty=none
# python train.py
# ```
#
# The first does not tell the networks which digit is which. *Can you still ask for a seven?* The last takes the 60,000
# digits of MNIST. The next notebook, `losing_modes.py`, shows what goes wrong when a generator finds one picture that
# always works.
