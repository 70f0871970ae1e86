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
# # 15 分钟，你的第一个 GAN
#
# 两个网络在玩一个游戏。*生成器* G 把随机数变成图像。*判别器* D 看一幅图像，说出它觉得这幅图像有多真。D 学着把真实图像与 G 的图像区分开，G 学着讨 D 的欢心。G 从来没有见过真实图像：它听到的，只有 D 的看法。
#
# 这样能行吗？我们用手写数字试一试。它们随 scikit-learn 一起安装，所以什么也不用下载。

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
# ## 训练
#
# 一行代码就训练两个网络。saddle 把图像放大到 28 x 28 像素，因为它的网络是为这个尺寸设计的。这一行大约需要两分钟。趁这个时间猜一猜：G 还什么都没学会的时候，最早的图像会是什么样子？

# %%
import saddle

steps = 1500
run = saddle.train(["data=digits", f"trainer.max_steps={steps}"])
run

# %% [markdown]
# ## 画图
#
# 这些数字从来没有人写过。每一个都来自 64 个随机数，以及我们指定的数字：G 和 D 都知道一幅图像画的是哪个数字。


# %%
from saddle.picture.grid import row_grid


def show(images, columns, scale=2):
    """图像，uint8 (N, C, H, W)，每行 `columns` 幅。"""
    rows = images.unflatten(0, (-1, columns))
    grid = Image.fromarray(row_grid(rows).permute(1, 2, 0).numpy())
    return grid.resize((scale * grid.width, scale * grid.height), Image.Resampling.NEAREST)


show(run.sample(40), columns=10)

# %% [markdown]
# 只要数字七。*这些七有哪些地方相同，哪些地方不同？*

# %%
show(run.sample(20, labels=7, seed=1), columns=10)

# %% [markdown]
# ## 一路怎么走来
#
# 训练的时候，saddle 不断地用同一组随机数画图。所以在下面这些图里，同一个位置就是同一个“念头”在不同年龄的样子。*先出现的是什么：数字的形状，还是它们的变化？*

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
# ## 曲线
#
# 在机器学习的大部分领域里，损失下降就是好消息。这里有两个损失，每个玩家一个。右图画的是：把一幅真实图像和一幅生成图像放在一起，D 有多少次判断对了。

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
# G 的损失起初下降，后来几乎不动。D 的损失甚至在上升，虽然 D 一直在学习：它的对手也在进步。与此同时图像变好了，而两个损失谁也没有告诉你。所以**不要用损失来评判 GAN**。要看它的图像，或者像下面那样去度量它们。
#
# *假如 G 是完美的，右边的曲线会在哪里？假如 D 是完美的呢？*
#
# ## D 学到了什么
#
# 我们给 D 看三种图像：真实的数字、G 画的数字和噪声。D 用一个数来回答，这个数叫做 *logit*。它越高，D 就觉得图像越真。

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
# 对噪声，D 很有把握。真实图像和生成图像几乎重叠在一起：D 很难把它们分开。但这是因为 G 好，还是因为 D 弱？单凭这张图，谁也说不准。*你会怎样弄清楚？*
#
# ## G 学到了什么
#
# G 会不会只是把图像背了下来？做两个试验。第一个：对 G 的每幅图像（上面一行），找出与它最接近的真实图像（下面一行）。

# %%
images = run.sample(10, seed=2)
distances = torch.cdist(images.flatten(1).float(), real.flatten(1).float())
show(torch.cat([images, real[distances.argmin(1)]]), columns=10)

# %% [markdown]
# 很接近，但不相同。第二个：从 G 的一组随机数走到另一组。如果 G 只是把图像背了下来，它就会从一幅跳到下一幅。

# %%
show(run.interpolate(4, steps=10, seed=3).flatten(0, 1), columns=10)

# %% [markdown]
# ## 度量
#
# *Frechet 距离*把许多样本与许多真实图像相比较，用的是一个学过识别数字的网络的眼光。两者一样时它是 0，越小越好。`modes` 数一数 G 画得出十个数字中的几个。

# %%
measured = run.evaluate(2000).samples
print("Frechet distance", round(measured["frechet"], 2), "  digits drawn", measured["modes"])

# %% [markdown]
# ## 接着训练
#
# 运行停在哪里，就从哪里接着走，结果与从未停下时逐位相同。*再迭代 100 次，会有多大变化？*

# %%
run = saddle.train([f"resume={run.folder}", f"trainer.max_steps={steps + 100}"])
run.iteration

# %% [markdown]
# ## 轮到你了
#
# 改一样东西，猜猜会怎样，再去看。在终端里，下面每一行都是一条命令：
#
# ```sh
# python train.py data=digits architecture.conditional=false
# python train.py data=digits loss=hinge
# python train.py data=digits architecture=mlp penalty=none
# python train.py
# ```
#
# 第一条不告诉网络哪个数字是哪个。*你还能只要数字七吗？*最后一条用的是 MNIST 的 60,000 个数字。下一个笔记本 `losing_modes.py` 演示：生成器一旦找到一幅总能过关的图像，会出什么毛病。
