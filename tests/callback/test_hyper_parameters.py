from saddle.callback.hyper_parameters import hyper_parameters


def schedule(**values):
    constant = {"shape": "constant", "warmup_images": 0, "horizon_images": 0, "final": 0.0}
    return {"_target_": "saddle.schedule.Schedule", **constant, **values}


def test_they_are_one_level_of_plain_values():
    config = {
        "seed": 0,
        "loss": {"_target_": "saddle.loss.hinge.Hinge"},
        "optimizer": {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 0.1, "generator": {"betas": [0.5, 0.9]}},
        "penalty": {"r1": {"_target_": "saddle.penalty.r1.R1", "weight": 2.0}, "x": {"_target_": "saddle.x.X"}},
        "data": {"_target_": "saddle.data.digits.Digits", "seed": 0},
        "architecture": {"conditional": False},
        "game": {"n_critic": 1},
    }
    assert hyper_parameters(config, ["discriminator", "generator"]) == {
        "seed": 0,
        "loss": "hinge",
        "optimizer": "Adam",
        "optimizer.lr": 0.1,
        "optimizer.generator.betas": "[0.5, 0.9]",
        "penalty": "r1, x",
        "penalty.r1.weight": 2.0,
        "data": "digits",
        "architecture.conditional": "false",
        "game.n_critic": 1,
    }


def test_what_nothing_reads_is_left_out():
    rates = {"generator": {"lr": 0.1}, "encoder": {"lr": 0.2}}
    config = {
        "optimizer": {"_target_": "torch.optim.Adam", "fused": None, **rates},
        "training": {
            "clip_norm": {"generator": 1.0, "encoder": 2.0},
            "schedule": {"generator": schedule(shape="cosine", horizon_images=9), "encoder": schedule()},
            "beta2_schedule": {"generator": schedule(warmup_images=5)},
            "ema": {"_target_": "saddle.training.ema.EMA", "half_life_images": 7},
        },
        "data": {"_target_": "saddle.data.digits.Digits", "image_size": 28},
        "architecture": {
            "generator": {"_target_": "saddle.architecture.mlp.Generator", "image_size": 28, "hidden": [8]}
        },
    }
    assert hyper_parameters(config, ["generator"]) == {
        "optimizer": "Adam",
        "optimizer.generator.lr": 0.1,
        "training.clip_norm.generator": 1.0,
        "training.schedule.generator.shape": "cosine",
        "training.schedule.generator.warmup_images": 0,
        "training.schedule.generator.horizon_images": 9,
        "training.schedule.generator.final": 0.0,
        "training.beta2_schedule.generator.shape": "constant",
        "training.beta2_schedule.generator.warmup_images": 5,
        "training.ema.half_life_images": 7,
        "data": "digits",
        "data.image_size": 28,
        "architecture.generator": "mlp",
        "architecture.generator.hidden": "[8]",
    }
