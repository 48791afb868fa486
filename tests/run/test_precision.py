import pytest
import torch

from ncabench.run.precision import flags

CUDNN, MATMUL = torch.backends.cudnn, torch.backends.cuda.matmul


@pytest.mark.parametrize(
    ("precision", "convolutions", "products"),
    [
        ("default", True, False),
        ("float32", False, False),
        ("tf32", True, True),
        ("bf16", True, True),
    ],
)
def test_flags_are_those_of_the_precision_and_then_what_they_were(
    precision, convolutions, products
):
    before = CUDNN.allow_tf32, MATMUL.allow_tf32
    with flags(precision):
        assert (CUDNN.allow_tf32, MATMUL.allow_tf32) == (convolutions, products)
    assert (CUDNN.allow_tf32, MATMUL.allow_tf32) == before


def test_flags_are_put_back_after_a_failure():
    before = CUDNN.allow_tf32, MATMUL.allow_tf32
    with pytest.raises(RuntimeError, match="no"), flags("tf32"):
        raise RuntimeError("no")
    assert (CUDNN.allow_tf32, MATMUL.allow_tf32) == before
