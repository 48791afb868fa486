"""What all tests share: one thread, one seed, and the command line in this process."""

import gc
import signal
import sys

import pytest
import torch

from ncabench.cli import main as cli

torch.set_num_threads(1)  # small tensors lose more than they gain by sharing cores


def pytest_collection_finish():
    """Leave the thousands of collected tests out of what is searched for garbage."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish():
    """Let what was left out be freed at the end, before libraries look for leaks."""
    gc.unfreeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """Draw the same in every run, before any fixture: a test that fails fails again."""
    torch.manual_seed(0)


@pytest.fixture
def ncabench(capsys, monkeypatch):
    """Runs the command line in this process; returns exit code, output and errors."""
    before = [(one, signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGTERM)]

    def ncabench(*words):
        monkeypatch.setattr(sys, "argv", ["ncabench", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return caught.value.code or 0, said.out, said.err

    yield ncabench
    for one, handler in before:
        signal.signal(one, handler)
