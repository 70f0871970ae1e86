"""Every composed config is valid, and the check that says so refuses what is not."""

import pytest
from hydra import compose, initialize_config_dir
from torch import nn

from helpers import REPOSITORY
from saddle.cli.build import build, check_config
from saddle.cli.compose import plain_config
from saddle.cli.make import make
from saddle.error import InputError

CONF = REPOSITORY / "conf"
GROUPS = {
    folder.name: sorted(file.stem for file in folder.glob("*.yaml")) for folder in CONF.iterdir() if folder.is_dir()
}
FURTHER = {  # networks that some game adds: groups inside the group architecture
    folder.name: sorted(file.stem for file in folder.glob("*.yaml"))
    for folder in (CONF / "architecture").iterdir()
    if folder.is_dir()
}
NEEDED = {  # what has no default, and what goes together
    "data=image_folder": [f"data.root='{REPOSITORY / 'docs'}'", "data.batch_size=1"],
    "loss=wasserstein": ["penalty=gradient_penalty"],
    "augmentation=ada": ["loss=non_saturating"],
    "architecture=points": ["data=ring"],
    "architecture=resnet": ["game=cyclegan", "data=mnist_pair"],
    "game=cyclegan": ["data=mnist_pair", "architecture=resnet"],
    "classifier=head": ["architecture.classifier.features=8", "+architecture.classifier.outputs=10"],
    "recognition=head": ["architecture.recognition.features=8", "+architecture.recognition.outputs=14"],
    **{choice: ["architecture=points"] for choice in ("data=ring", "data=grid", "data=swiss_roll")},
}
ON_THIS_MACHINE = {"trainer": ["default", "cpu"]}  # a Trainer with GPUs cannot be built without them


def config(*overrides: str) -> dict:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return plain_config(compose("train", ["folder=run", *overrides]))


@pytest.mark.parametrize("choice", [f"{group}={option}" for group, options in GROUPS.items() for option in options])
def test_every_file_of_every_group_is_valid(choice):
    check_config(config(choice, *NEEDED.get(choice, [])))


@pytest.mark.parametrize(
    "choice", [f"{g}={o}" for g, options in GROUPS.items() for o in ON_THIS_MACHINE.get(g, options)]
)
def test_every_file_of_every_group_builds(choice):
    build(config(choice, *NEEDED.get(choice, [])))


@pytest.mark.parametrize("choice", [f"{name}={option}" for name, options in FURTHER.items() for option in options])
def test_every_file_of_a_network_that_a_game_adds_is_valid_and_builds(choice):
    chosen = config(f"+architecture/{choice}", *NEEDED.get(choice, []))
    check_config(chosen)
    name = choice.split("=")[0]
    assert isinstance(make(f"architecture.{name}", chosen["architecture"][name]), nn.Module)


def test_a_setting_of_a_network_that_a_game_adds_is_refused_by_name():
    encoder = ["+architecture/encoder=mlp", "architecture.encoder.hidden=[8,0]"]
    with pytest.raises(InputError, match=r"^architecture\.encoder\.hidden=\[8, 0\]: entry 2 should be greater than"):
        check_config(config(*encoder))
    with pytest.raises(InputError, match=r"^architecture\.encoder\.widths: there is no such setting"):
        check_config(config("+architecture/encoder=mlp", "+architecture.encoder.widths=[8]"))
    with pytest.raises(InputError, match=r"^architecture\.encoder\.image_size=9 contradicts data\.image_size=28"):
        check_config(config("+architecture/encoder=mlp", "architecture.encoder.image_size=9"))
    with pytest.raises(InputError, match=r"^architecture\.encoder\.latent_dim=9 contradicts architecture\.generator"):
        check_config(config("+architecture/encoder=mlp", "architecture.encoder.latent_dim=9"))
    check_config(config("+architecture/encoder=mlp", "architecture.generator.latent_dim=9"))


REFUSED = {
    "architecture.conditional=1": "architecture.conditional=1: should be a valid boolean",
    "architecture.generator=true": "architecture.generator=True: expected a network",
    "architecture.generator.conditional=true": "contradicts architecture.conditional=False",
    "architecture.discriminator.classes=3": "architecture.discriminator.classes=3 contradicts data.classes=10",
    "architecture.discriminator.condition=sum": "architecture.discriminator.condition=sum: should be 'projection' or",
    "data.batch_size=0": "data.batch_size=0: should be greater than or equal to 1",
    "data.batch_size=abc": "data.batch_size=abc: should be a valid integer",
    "data.batch_size=1.5": "data.batch_size=1.5: should be a valid integer",
    "data.batch_size=true": "data.batch_size=True: should be a valid integer",
    "data.limit=0": "data.limit=0: should be greater than or equal to 1",
    "data.limit=60001": "data.limit=60001 is more than the 60000 training images: use at most 60000",
    "data.limit=31": "data.batch_size=32 x training.accumulate=1 is more than the data.limit=31 training images",
    "data.flip=yes please": "data.flip=yes please: should be a valid boolean",
    "data.classes=0": "data.classes=0: should be greater than or equal to 1",
    "data.batch_size=60001": "data.batch_size=60001 x training.accumulate=1 is more than the 60000 training images",
    "seed=-1": "seed=-1: should be greater than or equal to 0",
    "optimizer.lr=-1": "optimizer.lr=-1: should be greater than 0",
    "optimizer.lr=nan": "optimizer.lr=nan: should be a finite number",
    "optimizer.generator.lr=0": "optimizer.generator.lr=0: should be greater than 0",
    "optimizer.betas=[0.5]": "optimizer.betas=[0.5]: needs an entry 2",
    "optimizer.betas=[0.5,1]": "optimizer.betas=[0.5, 1]: entry 2 should be less than 1",
    "+optimizer.generator.amsgrd=true": "did you mean optimizer.generator.amsgrad?",
    "+optimizer.critic.lr=1": "optimizer.critic: the game has no such turn; its turns are discriminator, generator",
    "optimizer._target_=os.system": "optimizer._target_=os.system: only classes below saddle., torch.optim.",
    "loss._target_=builtins.open": "loss._target_=builtins.open: only classes below",
    "loss._target_=saddle.seed.hashed_seed": "this is not a class",
    "loss._target_=saddle.penalty.r1.R1": "loss._target_=saddle.penalty.r1.R1: expected a Loss",
    "loss._target_=saddle.loss.hinge.Hing": "there is no such class",
    "architecture.generator.latent_dim=0": "architecture.generator.latent_dim=0: should be greater than or equal to 1",
    "architecture.generator.widths=[]": "architecture.generator.widths=[]:",
    "architecture.generator.widths=[8,0]": "entry 2 should be greater than or equal to 1",
    "architecture.generator.normalization=layer": "should be 'none', 'batch' or 'spectral'",
    "game.n_critic=0": "game.n_critic=0: should be greater than or equal to 1",
    "training.accumulate=0": "training.accumulate=0: should be greater than or equal to 1",
    "training.ema.half_life_images=0": "training.ema.half_life_images=0: should be greater than 0",
    "training.clip_norm.generator=-1": "training.clip_norm.generator=-1: should be greater than 0",
    "training.schedule.generator.shape=cosine": "schedule.generator: horizon_images=0 must exceed warmup_images=0",
    "training.schedule.generator.shape=step": "should be 'constant', 'linear' or 'cosine'",
    "+training.clip_norm.critic=1": "training.clip_norm.critic: the game has no such turn",
    "+unknown.key=1": "unknown: there is no such setting; known here: data, architecture,",
    "+data.shuffle=true": "data.shuffle: there is no such setting",
    "+loss.margin=1": "loss.margin: there is no such setting",
    "trainer.gradient_clip_val=1": "use training.clip_norm.discriminator and training.clip_norm.generator instead",
    "trainer.accumulate_grad_batches=2": "use training.accumulate instead",
    "trainer.use_distributed_sampler=true": "the data module shards by itself",
    "trainer.precision=bf16-true": "trainer.precision=bf16-true is not supported",
    "trainer.precision=8": "trainer.precision=8",
    "trainer.precision=16-mixed": "trainer.precision=16-mixed needs a CUDA device",
    "trainer.strategy=fsdp": "trainer.strategy=fsdp is not supported for two networks",
    "trainer.strategy=ddp_spawn": "trainer.strategy=ddp_spawn is not supported",
    "trainer.log_every_n_steps=null": "trainer.log_every_n_steps is missing",
    "~trainer.strategy": "trainer.strategy is missing",
    "+trainer.logger=false": "use the group logger instead",
    "+trainer.sync_batchnorm=true": "trainer.sync_batchnorm=True is not supported",
    "trainer.overfit_batches=0.5": "trainer.overfit_batches=0.5: use a whole number of batches",
    "data.accumulate=2": "data.accumulate=2 contradicts training.accumulate=1",
    "game.penalties=null": "game.penalties=null",
    "architecture.generator.image_size=32": "architecture.generator.image_size=32 contradicts data.image_size=28",
    "trainer.max_steps=-2": "trainer.max_steps=-2: use a count of at least 0, or -1 for no limit",
    "trainer.max_time=5m": "trainer: ",
    "trainer.log_every_n_steps=0": "trainer.log_every_n_steps=0 should be at least 1",
    "trainer.accelerator=quantum": "trainer.accelerator=quantum: use one of auto, cpu",
    "+trainer.max_stepss=5": "did you mean trainer.max_steps?",
    "callback.samples.num=0": "callback.samples.num=0: should be greater than or equal to 1",
    "checkpoints.every_images=0": "checkpoints.every_images=0: should be",
    "checkpoints.keep=0": "checkpoints.keep=0: should be",
    "training.images=0": "training.images=0: should be",
    "training.images=1e6": "training.images=1000000.0: should be a valid integer",
}


@pytest.mark.parametrize(("override", "message"), REFUSED.items())
def test_bad_settings_are_refused_by_name(override, message):
    accelerator = [] if "trainer.accelerator" in override else ["trainer.accelerator=cpu"]
    accelerator += ["architecture=dcgan"] * ("widths" in override)
    with pytest.raises(InputError) as caught:
        build(config(*accelerator, override))
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 3


def test_what_a_constructor_says_of_its_own_settings_is_named_once():
    with pytest.raises(InputError, match="^data.classes=10, but data.split=letters has 26: use data.classes=26$"):
        build(config("data=emnist", "data.split=letters", "data.classes=10"))


def test_unsound_combinations_are_refused_with_the_reason():
    with pytest.raises(InputError, match="penalty=r1 with architecture.discriminator.normalization=batch"):
        build(config("penalty=r1", "architecture.discriminator.normalization=batch"))
    build(config("penalty=r1", "penalty.r1.weight=0", "architecture.discriminator.normalization=batch"))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["architecture.discriminator.condition=concatenation"],
            "condition=concatenation is read by networks that are",
        ),
        (
            ["architecture.generator.label_dim=8"],
            "architecture.generator.label_dim=8 is read by networks that are told",
        ),
        (["penalty=weight_clipping", "architecture.discriminator.attention=7"], "make all places attend alike"),
        (["loss=hinge", "penalty=weight_clipping"], "clipped weights keep the logits inside the margin"),
        (["loss=relativistic", "architecture.discriminator.head_bias=true"], "that bias would never learn"),
        (["augmentation=ada", "loss=wasserstein"], "augmentation=ada steers by the sign of D's logits"),
        (["augmentation=diffaugment", "augmentation.diffaugment.colour=true"], "augmentation.diffaugment.colour=true"),
        (["data=ring", "architecture=points", "augmentation=ada"], "augmentation=ada changes images"),
        (
            ["penalty=weight_clipping", "architecture.discriminator.normalization=spectral"],
            "the norm divides out what clipping does",
        ),
    ],
)
def test_parts_that_contradict_each_other_are_refused(overrides, message):
    with pytest.raises(InputError, match=message):
        build(config(*overrides))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["penalty=r1"], None),
        (["loss=relativistic", "penalty=[r1,r2]"], None),
        (["loss=relativistic", "penalty=none"], "need not converge"),
        (["loss=relativistic", "penalty=[r1,r2]", "penalty.r2.every_iterations=8"], "penalty.r2.every_iterations=8"),
        (
            ["loss=relativistic_average", "penalty=none", "architecture.discriminator.normalization=batch"],
            "batch norm in the discriminator mixes images",
        ),
    ],
)
def test_doubtful_parts_are_warned_of(overrides, message):
    warnings = build(config(*overrides)).warnings
    assert len(warnings) == (message is not None)
    assert message is None or message in warnings[0]
