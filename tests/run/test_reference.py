import ast
import inspect

import torch

from ncabench.run import reference
from ncabench.run.reference import Reference

CPU = torch.device("cpu")


def test_version_1_computes_these_numbers():
    made = Reference(device=CPU)
    assert made.version == 1  # another workload is another version, with other numbers
    state = made.inference()
    found = torch.stack([state.sum(), state.square().sum(), made.training()])
    torch.testing.assert_close(
        found, torch.tensor([118.8876, 8838.234, 0.5152910]), rtol=1e-3, atol=0
    )


def test_every_call_does_the_same():
    made = Reference(device=CPU)
    first = [made.inference(), made.training()]
    again = [made.inference(), made.training()]
    for one, other in zip(first, again, strict=True):
        torch.testing.assert_close(other, one, rtol=0, atol=0)


def test_gradients_flow_to_every_weight():
    made = Reference(device=CPU)
    made.training()
    assert all(weight.grad.abs().sum() > 0 for weight in made.learned)


def test_no_chance_is_used():
    before = torch.get_rng_state()
    Reference(device=CPU).training()
    assert torch.equal(torch.get_rng_state(), before)


def test_it_shares_no_code_with_what_is_measured():
    tree = ast.parse(inspect.getsource(reference))
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [
        one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for one in node.names
    ]
    assert {name.partition(".")[0] for name in names} == {"__future__", "torch"}
