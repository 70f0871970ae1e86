"""What people type who know other projects: their names for saddle's settings and options."""

_SETTINGS = {
    "architecture": "model arch net nets network networks backbone model_name model_type netg netd gen disc",
    "architecture.conditional": "cond class_conditional conditioned labels use_labels condition cgan",
    "architecture.discriminator.widths": "ndf df_dim d_channels d_dim nfd",
    "architecture.generator.latent_dim": "latent latents nz z_dim zdim z dim_z latent_size latent_dimension noise_dim "
    "noise_size noise n_z z_size dim_latent code_dim latent_channels",
    "architecture.generator.normalization": "batch_norm batchnorm use_bn bn norm norm_layer norm_type",
    "architecture.generator.widths": "depth num_layers n_layers layers num_blocks n_blocks "
    "ngf gf_dim g_channels g_dim ch filters width hidden_dim num_filters features nf "
    "fmap_base hidden_size nfg",
    "augmentation": "augment aug augs augmentations transforms transform policy",
    "callback": "callbacks",
    "callback.progress": "progress_bar tqdm pbar verbose quiet silent",
    "callback.quality.every_images": "eval_every eval_interval eval_freq fid_every metrics_every val_every "
    "val_interval",
    "callback.quality.extractor": "classifier inception feature_extractor",
    "callback.quality.num": "fid_samples num_fid_samples n_fid fid_num num_eval eval_samples",
    "callback.samples.every_iterations": "sample_every sample_interval sample_freq sample_step image_every",
    "callback.samples.num": "num_samples n_samples sample_size nrow n_row grid_size sample_num",
    "checkpoints.every_images": "save_every save_interval save_freq checkpoint_every checkpoint_interval ckpt_every "
    "ckpt_interval checkpoint_freq snap snapshot save_steps save_epoch_freq save_step",
    "checkpoints.keep": "keep_last save_top_k max_checkpoints keep_checkpoints save_total_limit num_checkpoints",
    "data": "dataset datasets ds data_name dataset_name dataset_type data_set",
    "data.batch_size": "batch bs batchsize batches minibatch minibatch_size batch_gpu train_batch_size "
    "per_device_batch_size n_batch nbatch",
    "data.channels": "gray grey grayscale greyscale "
    "nc img_channels image_channels num_channels n_channels in_channels colors color rgb input_nc",
    "data.classes": "num_classes n_classes nclass n_class num_labels n_labels nclasses",
    "data.flip": "mirror hflip horizontal_flip random_flip xflip flips",
    "data.image_size": "size resolution res img_size imsize im_size imagesize imgsize image_resolution crop_size "
    "load_size height width_height image_width image_height resize crop input_size",
    "data.limit": "max_images num_images n_images max_size subset num_train train_size max_samples dataset_size",
    "data.root": "root data_root dataroot data_dir datadir data_path datapath dataset_dir dataset_path dataset_root "
    "img_dir image_dir images images_dir input input_dir train_dir source_dir data_folder image_folder dir_data",
    "experiment": "config preset recipe cfg config_name configuration",
    "folder": "out output outputs out_dir outdir output_dir output_folder dir name run_name exp_name experiment_name "
    "save_dir savedir logdir log_dir workdir work_dir working_dir results result_dir results_dir run_dir run_folder "
    "exp path save_path output_path checkpoint_dir checkpoints_dir ckpt_dir model_dir root_dir job_name run tag "
    "project id save_to save saveto dest destination target_dir version",
    "game": "algorithm algo gan gan_type mode method task trainer_type kind",
    "game.n_critic": "critic_iters n_disc d_steps disc_steps num_critic ncritic d_iters n_dis critic_steps d_updates "
    "n_critics critic_updates disc_iters d_per_g",
    "init": "pretrained weights init_from warm_start finetune fine_tune finetune_from transfer transfer_from "
    "pretrained_path pretrained_model load_weights init_weights initial_weights start_from source_gan",
    "logger": "loggers logging tb report_to",
    "loss": "criterion loss_fn gan_mode gan_loss loss_type adv_loss losses loss_name adversarial_loss",
    "metric": "metrics eval_metrics evaluation",
    "objective": "monitor",
    "optimizer": "optim opt optimiser solver optimizer_name optimizer_type",
    "optimizer.betas": "beta beta1 beta2 beta_1 beta_2 b1 b2 adam_betas adam_beta1 adam_beta2",
    "optimizer.discriminator.lr": "lr_d d_lr lrd lr_disc disc_lr lr_critic critic_lr dlr lr_discriminator "
    "discriminator_lr",
    "optimizer.generator.lr": "lr_g g_lr lrg lr_gen gen_lr glr lr_generator generator_lr",
    "optimizer.lr": "learning_rate learningrate lrate eta step_size base_lr lrs init_lr initial_lr alpha_lr",
    "optimizer.weight_decay": "wd decay l2 l2_reg",
    "penalty": "regularizer regularization regularisation reg penalties regularizers",
    "penalty.gradient_penalty.weight": "lambda_gp gp_weight gp_lambda lambda gp_coef lambda_",
    "penalty.r1.weight": "gamma r1_gamma r1_weight lambda_r1 r1_lambda",
    "resume": "resume_from checkpoint ckpt ckpt_path checkpoint_path load restore continue continue_from "
    "load_from resume_path from_checkpoint load_checkpoint resume_run continue_train resume_from_checkpoint "
    "load_path resume_pkl",
    "seed": "random_seed manual_seed rng random_state torch_seed rng_seed seeds",
    "trainer.accelerator": "device cuda cpu use_cuda use_gpu no_cuda mps backend platform",
    "trainer.deterministic": "reproducible cudnn_deterministic",
    "trainer.devices": "gpus gpu num_gpus n_gpus n_gpu ngpu gpu_ids gpu_id device_ids world_size nproc num_devices "
    "nproc_per_node visible_devices cores",
    "trainer.fast_dev_run": "debug dry_run smoke sanity_check",
    "trainer.log_every_n_steps": "log_every log_interval log_freq log_steps print_every print_freq logging_steps "
    "print_interval display_freq log_iter log_step",
    "trainer.max_epochs": "epochs epoch n_epochs num_epochs nepochs nepoch n_epoch total_epochs num_epoch",
    "trainer.max_steps": "steps step iterations iteration iters iter n_iter niter n_iters num_iters num_iter max_iter "
    "max_iters max_iterations num_steps total_steps n_steps nsteps total_iters max_step num_iterations train_steps "
    "n_iterations total_iterations updates num_updates",
    "trainer.max_time": "time timeout time_limit max_seconds seconds hours minutes max_hours duration",
    "trainer.num_nodes": "nodes nnodes n_nodes",
    "trainer.precision": "fp16 amp bf16 half mixed_precision use_amp fp32 dtype autocast mixed float16 bfloat16 tf32",
    "trainer.profiler": "profile profiling",
    "trainer.strategy": "ddp distributed dist parallel multi_gpu fsdp deepspeed",
    "training.accumulate": "accumulation grad_accum gradient_accumulation gradient_accumulation_steps "
    "accumulation_steps grad_accumulation accum accum_steps accumulate_steps",
    "training.clip_norm": "clip grad_clip gradient_clip clip_grad clip_grad_norm max_grad_norm max_norm clip_value "
    "grad_norm clip_gradients",
    "training.ema.half_life_images": "ema_decay ema_beta ema_kimg ema_half_life ema_rate ema_momentum averaging",
    "training.executor": "compile torch_compile jit use_compile torchcompile",
    "training.freeze": "freezed freeze_d freeze_layers freeze_discriminator frozen frozen_layers num_frozen",
    "training.images": "kimg kimgs nimg total_kimg total_images n_kimg",
    "training.schedule": "scheduler lr_scheduler lr_schedule warmup warmup_steps lr_decay decay_epochs lr_policy "
    "scheduler_type lr_warmup",
}
"""For each setting or group, its names elsewhere."""

_OPTIONS = {
    "logger=csv": "csv csvlogger",
    "logger=mlflow": "mlflow mlflowlogger",
    "logger=wandb": "wandb use_wandb wandblogger weights_and_biases",
    "+callback.early._target_=lightning.pytorch.callbacks.EarlyStopping +callback.early.monitor=metric/frechet": (
        "early early_stopping earlystopping early_stop patience early_stopping_patience"
    ),
    "architecture.conditional=true": "conditional_gan ccgan",
    "architecture.discriminator.normalization=spectral": "sn spectral spectral_norm sngan spectral_normalization "
    "sn_gan snorm",
    "architecture=dcgan": "cnn conv convnet convolutional dcgan64 dcgan32",
    "architecture=mlp": "fc dense linear fully_connected",
    "augmentation=diffaugment": "diffaug diff_augment diff_aug differentiable_augmentation",
    "data=fashion_mnist": "fashion fmnist fashionmnist",
    "data=image_folder data.root=FOLDER": "celeba celeba_hq celebahq cifar cifar10 cifar100 lsun ffhq imagenet afhq "
    "stl10 svhn folder imagefolder custom image images anime flowers coco own",
    "game=adversarial_autoencoder": "aae",
    "game=auxiliary_classifier": "acgan ac_gan",
    "game=bigan": "ali",
    "game=cyclegan": "cycle_gan cycle",
    "loss=least_squares": "lsgan ls mse l2 leastsquares",
    "loss=minimax": "saturating minmax original",
    "loss=non_saturating": "ns nsgan bce bcewithlogits vanilla gan standard logistic cross_entropy softplus js "
    "nonsaturating",
    "loss=relativistic": "rgan rpgan rp rpgan_loss r3gan rsgan",
    "loss=relativistic_average": "ragan rasgan ra ragan_loss",
    "loss=wasserstein": "wgan w w1 emd",
    "loss=wasserstein penalty=gradient_penalty": "wgan_gp wgangp wgan_gp_loss",
    "metric=[default,manifold]": "prdc precision_recall recall density coverage",
    "metric=frechet": "fid frechet_inception_distance fd",
    "metric=kernel": "kid kernel_inception_distance mmd",
    "metric=score": "is inception_score inception",
    "penalty=[r1,r2]": "r1r2 r1_r2 r1+r2",
    "penalty=gradient_penalty": "gp gradientpenalty zero_gp",
    "penalty=weight_clipping": "wc weight_clip clipping",
}
"""For each choice, the names of it elsewhere."""

_LOADING = (
    "workers num_workers n_workers nworkers num_threads loader_workers pin_memory prefetch prefetch_factor "
    "persistent_workers dataloader_workers data_workers"
)

_REASONS = {
    "the data stays in memory, so nothing has to be loaded beside training: leave it out": _LOADING,
    "each pass over the data has an order of its own: leave it out": "shuffle shuffle_data",
    "images that do not fill a batch wait for another pass: leave it out": "drop_last",
    "images always have values from -1 to 1: leave it out": "normalize normalise mean std",
    "this command trains; saddle evaluate RUN measures a finished run, and saddle sample RUN samples from it": "test "
    "eval evaluate validate validation inference generate testing is_train do_train do_eval eval_only",
}
"""Why settings elsewhere have no counterpart."""

NAMES = ("name", "type", "kind", "cls", "class", "class_name", "id", "target", "variant")
"""Words that mean, below a group, which of its options is chosen."""

FOLDERS = tuple(_SETTINGS["folder"].split()) + tuple(_SETTINGS["data.root"].split()) + ("folder", "location")
"""Words that mean, below a group, a place of that group's own."""


def _by_name(names: dict[str, str]) -> dict[str, str]:
    """From each name elsewhere to saddle's."""
    return {name: own for own, others in names.items() for name in others.split()}


SETTING_OF = _by_name(_SETTINGS)
"""From a name elsewhere to saddle's setting or group."""

CHOICE_OF = _by_name(_OPTIONS)
"""From the name of an option elsewhere to what chooses it here."""

NOT_NEEDED = _by_name(_REASONS)
"""Settings elsewhere that need no counterpart, each with the reason."""
