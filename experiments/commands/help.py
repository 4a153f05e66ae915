"""What ``python -m experiments --help`` prints.

Hydra's own help takes twice as long: it copies the whole config once per group.
"""

from __future__ import annotations

from collections.abc import Sequence

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from experiments.settings.command_line import sentence
from experiments.settings.schema import config_dir
from experiments.settings.values import ConfigError

_EXAMPLES = """\
The denoising benchmark: datasets x noise x protocols x denoisers x regressors.

  python -m experiments                                       one small run on synthetic data
  python -m experiments dataset=parkinsons denoiser=denograd noise.sigma=0.1 seed=0
  python -m experiments 'denoiser=[identity,denograd,pca]' 'regressor=[ridge,xgboost]'
  python -m experiments -m dataset=ett,daily_climate noise.sigma=0,0.1 seed=0,1,2
  python -m experiments experiment=quick hydra/launcher=joblib hydra.launcher.n_jobs=2
  python -m experiments denoiser.denograd.nrr=0.05 --cfg job     show the config, run nothing
  python -m experiments report --experiment quick                tables and a figure
  python -m experiments status --watch                           what is done, running, failed, due
  python -m experiments -m --failed experiment=quick             only what failed, nothing new
  python -m experiments --force dataset=ett denoiser=denograd    compute results anew that are there
  python -m experiments data list                                which real files are here

The same command again computes only what is missing.
"""

_FLAGS = """\
Flags: --multirun (-m) sweeps, --cfg job prints the config, --hydra-help lists Hydra's own.
--failed computes only what failed, of what the command names, and nothing that was never run.
--force computes it all anew; an old result stays until the new one is written.
"""


def help_text(overrides: Sequence[str] = ()) -> str:
    """Examples, the groups with their options, and every key with its value under overrides."""
    try:
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            config = compose("config", overrides=list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(sentence(error)) from error
    folders = sorted(path for path in config_dir().iterdir() if any(path.glob("*.yaml")))
    groups = [
        f"{folder.name}: {', '.join(sorted(file.stem for file in folder.glob('*.yaml')))}"
        for folder in folders
    ]
    return "\n".join(
        [
            _EXAMPLES,
            "Groups (choose with group=option; denoiser and regressor take lists):\n",
            *groups,
            "\nEvery key below can be overridden (key=value):\n",
            OmegaConf.to_yaml(config),
            _FLAGS,
        ]
    )
