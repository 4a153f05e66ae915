"""Measure the refinement and the store, and print the figures as one table.

    python -m tests.benchmarks                  # everything but the largest sizes
    python -m tests.benchmarks naive products   # some of it
    python -m tests.benchmarks --full           # up to 10 million rows, nothing extrapolated

Ratios are taken within one run, of CPU time on one thread, so that a busy machine harms little.
ETT is read from the folder DENOGRAD_DATA.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from denograd import DenoGrad
from denograd.networks import build
from denograd.refinement.model import keep_freed_memory
from denograd.training.adam import Adam

from . import naive
from .stores import measure_stores
from .workloads import (
    WINDOW,
    noisy_ett,
    noisy_series,
    noisy_table,
    trained_on_series,
    trained_on_table,
)

EPOCHS = 150
STEPS = {"nrr": 0.01, "nr_threshold": 0.1}


class Figure(NamedTuple):
    """A line of the table."""

    what: str
    value: str
    goal: str
    remark: str


def cpu_seconds(function: Callable[[], object], repeats: int = 1) -> float:
    """Median CPU time of some calls."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return median(times)


def refine_seconds(denoiser: DenoGrad, repeats: int = 1, **arguments: object) -> float:
    """CPU time of a refinement that saves no gradients."""
    return cpu_seconds(lambda: denoiser.transform(save_gradients=False, **arguments), repeats)


def fitted(net: nn.Module, X: np.ndarray, y: np.ndarray, device: str = "cpu") -> DenoGrad:
    """A denoiser of a series."""
    return DenoGrad(net, nn.MSELoss(), device).fit(X, y, is_ts=True, window_size=WINDOW)


def compare_with_naive(full: bool) -> Iterator[Figure]:
    """The published settings, against the loop written the obvious way."""

    def compared(what: str, goal: int | float, net_seconds: float, refine: Callable, few: int):
        epochs = EPOCHS if full else few
        slow = cpu_seconds(lambda: refine(max_epochs=epochs)) * EPOCHS / epochs
        remark = f"{slow:.1f} s against {net_seconds:.2f} s"
        if not full:
            remark += f" (naive: {few} epochs, extrapolated)"
        return Figure(what, f"{slow / net_seconds:.1f}x", f"{goal}x", remark)

    X, y = noisy_table(20_000)
    net = trained_on_table(X, y)
    ours = refine_seconds(
        DenoGrad(net, nn.MSELoss(), "cpu").fit(X, y), repeats=3, max_epochs=EPOCHS, **STEPS
    )
    yield compared(
        "naive / ours, table 20,000 x 20, MLP 128-64-32",
        20,
        ours,
        lambda max_epochs: naive.refine_table(net, X, y[:, None], max_epochs=max_epochs, **STEPS),
        few=5,
    )
    X, y = noisy_series(4_000)
    for name, goal in (("mlp", 4), ("lstm", 1.2)):
        net = trained_on_series(name, X, y)
        ours = refine_seconds(fitted(net, X, y), max_epochs=EPOCHS, **STEPS)
        yield compared(
            f"naive / ours, series 4,000 x 7, window 24, {name.upper()}",
            goal,
            ours,
            lambda max_epochs, net=net: naive.refine_series(
                net, X, y[:, None], window_size=WINDOW, max_epochs=max_epochs, **STEPS
            ),
            few=3,
        )


def products_seconds(net: nn.Module, batch: int) -> float:
    """CPU time of the matrix products of a forward pass and the gradient of its input."""
    generator = torch.Generator().manual_seed(0)

    def pairs(rows: int, weight: Tensor, times: int) -> Callable[[], None]:
        inputs = torch.randn(rows, weight.shape[1], generator=generator)
        outputs = torch.randn(rows, weight.shape[0], generator=generator)

        def run() -> None:
            for _ in range(times):
                inputs @ weight.t()
                outputs @ weight

        return run

    runs = []
    for module in net.modules():
        if isinstance(module, nn.Linear):
            runs.append(pairs(batch, module.weight.detach(), 1))
        elif isinstance(module, nn.LSTM):
            for layer in range(module.num_layers):
                inputs = getattr(module, f"weight_ih_l{layer}").detach()
                hidden = getattr(module, f"weight_hh_l{layer}").detach()
                runs.append(pairs(batch * WINDOW, inputs, 1))
                runs.append(pairs(batch, hidden, WINDOW))
    return sum(cpu_seconds(run) for run in runs)


def compare_with_products(full: bool) -> Iterator[Figure]:
    """All rows visited in every epoch, against the bare matrix products of the same sizes."""
    batch = 1000
    X, y = noisy_table(100_000 if full else 20_000)
    net = build("mlp", X.shape[1])
    denoiser = DenoGrad(net, nn.MSELoss(), "cpu").fit(X, y)
    yield product_share("table, MLP 128-64-32", "60%", net, denoiser, len(X), batch)
    X, y = noisy_series(16_024 if full else 4_024)
    for name, what, goal in (("lstm", "LSTM 64 x 2", "60%"), ("mlp", "flattened MLP", "65%")):
        net = build(name, X.shape[1], window=WINDOW)
        denoiser = fitted(net, X, y)
        yield product_share(f"series, {what}", goal, net, denoiser, len(X) - WINDOW, batch)


def product_share(
    what: str, goal: str, net: nn.Module, denoiser: DenoGrad, n_samples: int, batch: int
) -> Figure:
    """Share of the speed of bare products that the loop reaches.

    The two are measured in turn, for about as long, so that what else the machine does slows
    both alike.
    """
    epochs, n_batches = 2, n_samples // batch
    bare, loop = [], []
    for _ in range(7):
        bare.append(sum(products_seconds(net, batch) for _ in range(n_batches)))
        seconds = refine_seconds(denoiser, nrr=1e-9, nr_threshold=0.0, max_epochs=epochs)
        loop.append(seconds / epochs)
    share = median(b / s for b, s in zip(bare, loop, strict=True))
    return Figure(
        f"matrix-product speed reached, {what}",
        f"{share:.0%}",
        goal,
        f"products {median(bare):.3f} s, loop {median(loop):.3f} s per epoch",
    )


def scale_rows(full: bool) -> Iterator[Figure]:
    """Time per row and growth of the process, each size in a process of its own."""
    sizes = [10**4, 10**5, 10**6] + ([10**7] if full else [])
    seconds, growths = [], []
    for n_rows in sizes:
        command = [sys.executable, "-m", "tests.benchmarks", "--rows", str(n_rows)]
        runs = [
            subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            for _ in range(7 if n_rows <= 10**5 else 1)
        ]
        columns = zip(*runs, strict=True)
        per_row, growth, with_first = (median(map(float, column)) for column in columns)
        seconds.append(per_row)
        growths.append(growth)
        remark = (
            f"grows by {growth:.2f} times the caller's array, {with_first:.2f} with what two "
            f"batches of any table take; median of {len(runs)}"
        )
        yield Figure(
            f"table {n_rows:,} x 20, five epochs", f"{per_row * 1e6:.2f} us/row", "", remark
        )
    yield Figure(
        "slowest / fastest time per row", f"{max(seconds) / min(seconds):.2f}x", "1.5x", ""
    )
    yield Figure("most growth", f"{max(growths):.2f}x", "3x", "float32 array")


def measure_rows(n_rows: int) -> None:
    """Print seconds per row, and the growth of this process in sizes of the caller's array.

    Growth is the peak beyond what the process held after it had refined a table of two batches:
    their way through the network and the memory that the libraries keep for themselves are the
    same for any table. The last figure is the peak beyond what it held after a table of 100 rows,
    which holds little more than the code that torch loads at first use.
    """
    X, y = noisy_table(n_rows)
    net = build("mlp", X.shape[1])
    held = []
    arguments = {"nrr": 1e-4, "nr_threshold": 0.01, "max_epochs": 5, "save_gradients": False}

    def refine(n: int) -> None:
        DenoGrad(net, nn.MSELoss(), "cpu").fit_transform(X[:n], y[:n], **arguments)

    for few in (100, 2000):
        refine(few)
        held.append(status_bytes("VmRSS"))
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    seconds = [cpu_seconds(lambda: refine(n_rows))]
    peak = status_bytes("VmHWM")
    seconds += [cpu_seconds(lambda: refine(n_rows)) for _ in range(min(8, 10**6 // n_rows - 1))]
    print(median(seconds) / n_rows, *((peak - before) / X.nbytes for before in reversed(held)))


def status_bytes(entry: str) -> int:
    """Memory of this process as Linux tells it: VmRSS is that of now, VmHWM its peak."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{entry}:\s+(\d+) kB", status)[1]) * 1024


def skip_windows(full: bool) -> Iterator[Figure]:
    """ETT with an LSTM 64 x 2: leaving windows out against visiting every one."""
    data = noisy_ett()
    name = "ETT"
    if data is None:
        data, name = noisy_series(17_420), "synthetic series (no DENOGRAD_DATA)"
    X, y = data if full else (data[0][:6_000], data[1][:6_000])
    net = trained_on_series("lstm", X, y, epochs=10)
    denoiser = fitted(net, X, y)
    ours = refine_seconds(denoiser, max_epochs=EPOCHS, **STEPS)
    n_epochs = len(denoiser.history_)
    few = 3
    # Below this threshold no window ever rests, so every one is visited for a gradient.
    every = refine_seconds(denoiser, max_epochs=few, nrr=1e-9, nr_threshold=0.0) * EPOCHS / few
    yield Figure(
        f"every window / ours, {name} {len(X):,} x {X.shape[1]}, LSTM 64 x 2",
        f"{every / ours:.1f}x",
        "2x",
        f"{every:.0f} s (from {few} epochs) against {ours:.0f} s, {n_epochs} epochs",
    )


def compare_xlstm(full: bool) -> Iterator[Figure]:
    """Steps of an xLSTM against those of an LSTM of the same width, taken in turn."""
    rounds = 100 if full else 25
    for what, batch, step_of in (
        ("training step", 128, training_step),
        ("gradient of the data", 512, data_gradient),
    ):
        steps = {"xlstm": step_of(build("xlstm", 7, window=WINDOW), batch)}
        for n_layers in (2, 1):
            net = build("lstm", 7, window=WINDOW, n_layers=n_layers)
            steps[f"LSTM 64 x {n_layers}"] = step_of(net, batch)
        for step in steps.values():
            cpu_seconds(step, repeats=5)
        times = [{name: cpu_seconds(step) for name, step in steps.items()} for _ in range(rounds)]
        for name in [*steps][1:]:
            ratio = median(seconds["xlstm"] / seconds[name] for seconds in times)
            slow, fast = (1e3 * median(each[key] for each in times) for key in ("xlstm", name))
            yield Figure(
                f"xLSTM 64 / {name}, {what}, {batch} windows",
                f"{ratio:.2f}x",
                "2x" if name.endswith("2") else "",
                f"{slow:.1f} ms against {fast:.1f} ms",
            )


def training_step(net: nn.Module, batch: int) -> Callable[[], None]:
    """A step of Adam as `train_network` takes it."""
    keep_freed_memory()
    optimizer = Adam([*net.train().parameters()], 1e-3)
    x, y = torch.randn(batch, WINDOW, 7), torch.randn(batch, 1)
    return lambda: optimizer.step(nn.functional.mse_loss(net(x), y))


def data_gradient(net: nn.Module, batch: int) -> Callable[[], tuple[Tensor, ...]]:
    """The gradient that a refinement takes."""
    net.eval().requires_grad_(False)
    x = torch.randn(batch, WINDOW, 7, requires_grad=True)
    return lambda: torch.autograd.grad(net(x).square().sum(), x)


def compare_with_gpu(full: bool) -> Iterator[Figure]:
    """The same refinement on a CPU (all its threads) and on CUDA, in wall time."""
    if not torch.cuda.is_available():
        yield Figure("CUDA against CPU", "-", "", "no CUDA device here")
        return
    X, y = noisy_table(10**6 if full else 10**5, 80)
    mlp, lstm = build("mlp", 80), build("lstm", 12, window=WINDOW)
    yield gpu_gain(
        f"table {len(X):,} x 80, MLP 128-64-32",
        lambda device: DenoGrad(mlp, nn.MSELoss(), device).fit(X, y),
        batch_size=65_536,
    )
    X, y = noisy_series(35_000 if full else 5_000, 12)
    yield gpu_gain(
        f"series {len(X):,} x 12, LSTM 64 x 2",
        lambda device: fitted(lstm, X, y, device),
        batch_size=8_192,
    )


def gpu_gain(what: str, fit: Callable[[str], DenoGrad], batch_size: int) -> Figure:
    """Wall time of a few epochs in which every sample is visited."""
    wall = {}
    for device, size in (("cpu", 1000), ("cuda", batch_size)):
        arguments = {"nrr": 1e-9, "nr_threshold": 0.0, "save_gradients": False, "batch_size": size}
        denoiser = fit(device)
        denoiser.transform(max_epochs=1, **arguments)
        start = time.perf_counter()
        denoiser.transform(max_epochs=3, **arguments)
        wall[device] = time.perf_counter() - start
    remark = f"{wall['cpu']:.2f} s against {wall['cuda']:.3f} s for three epochs"
    return Figure(f"CUDA against CPU, {what}", f"{wall['cpu'] / wall['cuda']:.1f}x", "", remark)


def scale_stores(full: bool) -> Iterator[Figure]:
    """Status, report and planning over 1,000 to 100,000 records, in CPU-seconds."""
    return (Figure(*line) for line in measure_stores())


SECTIONS = {
    "naive": compare_with_naive,
    "products": compare_with_products,
    "rows": scale_rows,
    "skip": skip_windows,
    "xlstm": compare_xlstm,
    "gpu": compare_with_gpu,
    "store": scale_stores,
}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "sections", nargs="*", metavar="section", help=f"{', '.join(SECTIONS)}; default: all"
    )
    parser.add_argument("--full", action="store_true", help="largest sizes, nothing extrapolated")
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if unknown := set(arguments.sections) - set(SECTIONS):
        parser.error(f"no section {min(unknown)!r}; there are {', '.join(SECTIONS)}")
    torch.set_num_threads(1)
    if arguments.rows:
        measure_rows(arguments.rows)
        return
    print(f"{'figure':<62} {'measured':>12} {'goal':>6}  remark")
    for name in arguments.sections or SECTIONS:
        for figure in SECTIONS[name](arguments.full):
            line = f"{figure.what:<62} {figure.value:>12} {figure.goal:>6}  {figure.remark}"
            print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
