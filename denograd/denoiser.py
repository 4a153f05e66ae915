"""The class of the method: fit remembers the data, transform refines them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import NotFittedError
from torch import Tensor, nn

from denograd.gradients import Criterion, Predictor, as_device, frozen, model_dtype
from denograd.history import History
from denograd.problem import Problem
from denograd.rules import rule_class
from denograd.windows import Windows


class DenoGrad:
    def __init__(self, model, criterion, device=None, *, rule="normalized"):
        self.model = model
        self.criterion = criterion
        self.device = device
        self.rule = rule

    def fit(self, X, y=None, is_ts=False, window_size=None, future=1, stride=1, flattening=False):
        self._X, self._y = np.array(X), np.array(y)
        self._windows = Windows(len(X), window_size, future, stride) if is_ts else None
        self._layout = ("flat" if flattening else "time_first") if is_ts else "rows"
        return self

    def transform(self, nrr=None, nr_threshold=None, max_epochs=None, denoise_y=True,
                  batch_size=1000, save_gradients=True, **rest):
        given = dict(nrr=nrr, nr_threshold=nr_threshold, max_epochs=max_epochs, **rest)
        rule = rule_class(self.rule)(**{k: v for k, v in given.items() if v is not None})
        device = as_device(self.device)
        dtype = model_dtype(self.model)
        y = self._y.reshape(len(self._y), -1)
        with frozen(self.model, device):
            problem = Problem(Predictor(self.model, y.shape[1], self._layout),
                Criterion(self.criterion, y.shape[1], dtype, device),
                torch.tensor(self._X, dtype=dtype, device=device),
                torch.tensor(y, dtype=dtype, device=device), self._windows,
                denoise_y=denoise_y, batch_size=batch_size, keep_directions=save_gradients)
            self.history_ = History()
            gx, gy = [], []
            for step in rule.refine(problem):
                self.history_.append(step.epoch)
                if save_gradients:
                    gx.append(step.x.numpy()); gy.append(step.y.numpy())
        return problem.x.numpy(), problem.y.numpy().reshape(self._y.shape), gx, gy
    def fit_transform(self, **kw):
        t = {k: kw.pop(k) for k in ("nrr","nr_threshold","max_epochs","denoise_y","batch_size","save_gradients") if k in kw}
        return self.fit(**kw).transform(**t)
