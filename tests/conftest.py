"""Settings shared by every test."""

import torch

# With default threads, workers side by side are several times slower together.
torch.set_num_threads(1)
