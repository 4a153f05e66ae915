"""Settings shared by every test."""

import os

import pytest
import torch

# Tests neither open a browser nor ask a hub for weights.
os.environ.setdefault("TABPFN_NO_BROWSER", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# With default threads, workers side by side are several times slower together.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _same_weights_in_every_run() -> None:
    """Networks that a test makes start from the same weights whenever and wherever it runs."""
    torch.manual_seed(0)
