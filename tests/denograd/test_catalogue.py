"""`denograd.rules()` and `denograd.networks()` list what there is, and stay packages."""

import subprocess
import sys

import pytest

import denograd
from denograd.networks import available, build
from denograd.rules import rules


@pytest.mark.parametrize(
    ("package", "names", "one"),
    [
        (denograd.rules, set(rules()), "gauss-newton"),
        (denograd.networks, set(available()), "ft_transformer"),
    ],
)
def test_lists_every_name_with_a_line(package, names: set[str], one: str) -> None:
    found = package()
    assert set(found) == names
    assert one in found
    for line in found.values():
        assert 10 < len(line) < 100
        assert not line.endswith(".")


def test_the_class_of_the_method_costs_no_scikit_learn() -> None:
    code = "import sys; from denograd import DenoGrad; print({'sklearn', 'scipy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_needs_no_other_import_and_costs_no_torch() -> None:
    code = "import sys, denograd; print(len(denograd.networks()), 'tabpfn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(available())), "False"]


def test_a_package_is_a_package_still() -> None:
    assert build("mlp", 2) is not None
    assert denograd.networks.build is build
    assert denograd.noise.estimate is not None
