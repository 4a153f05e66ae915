"""Settings shared by every test."""

import os

import torch

# Tests neither open a browser nor ask a hub for weights.
os.environ.setdefault("TABPFN_NO_BROWSER", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

# With default threads, workers side by side are several times slower together.
torch.set_num_threads(1)
