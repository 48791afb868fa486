"""Attention to a window against attention to everything else masked, and to copies."""

import pytest
import torch
import torch.nn.functional as F

from ncabench.nca.model._self_attention import SelfAttention, copied, everywhere, nearby, shares


def drawn(*, height, width, heads, size, seed=0):
    """Queries, keys and values, each ``(2, height, width, heads, size)``, in float64."""
    chance = torch.Generator().manual_seed(seed)
    shape = 3, 2, height, width, heads, size
    return torch.randn(*shape, generator=chance, dtype=torch.float64).unbind()


def masked(query, key, value, *, reach):
    """Global attention on a grid with a border of zeros, all but a window masked."""
    height, width = query.shape[1:3]
    border = [0, 0, 0, 0, *[reach] * 4]
    keys, values = F.pad(key, border), F.pad(value, border)
    rows, columns = torch.meshgrid(
        torch.arange(height + 2 * reach), torch.arange(width + 2 * reach), indexing="ij"
    )
    inner = slice(reach, reach + height), slice(reach, reach + width)
    down = (rows[inner].flatten()[:, None] - rows.flatten()).abs()
    across = (columns[inner].flatten()[:, None] - columns.flatten()).abs()
    seen = (down <= reach) & (across <= reach)  # (H W, padded H W)
    tokens = [one.flatten(1, 2).transpose(1, 2) for one in (query, keys, values)]
    read = F.scaled_dot_product_attention(*tokens, attn_mask=seen)
    return read.transpose(1, 2).reshape(query.shape)


@pytest.mark.parametrize("local", [nearby, copied])
@pytest.mark.parametrize("reach", [0, 1, 2, 3])
@pytest.mark.parametrize(("height", "width", "heads"), [(5, 7, 3), (2, 9, 1), (1, 1, 4)])
def test_a_window_is_global_attention_with_the_rest_masked(local, reach, height, width, heads):
    given = drawn(height=height, width=width, heads=heads, size=5)
    expected = masked(*given, reach=reach)
    torch.testing.assert_close(local(*given, reach=reach), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("local", [nearby, copied])
def test_its_gradients_are_those_as_well(local):
    given = [one.requires_grad_() for one in drawn(height=4, width=5, heads=2, size=3)]
    slope = drawn(height=4, width=5, heads=2, size=3, seed=1)[0]
    found, expected = (
        torch.autograd.grad((read * slope).sum(), given)
        for read in (local(*given, reach=1), masked(*given, reach=1))
    )
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_what_lies_beyond_the_border_takes_its_share():
    here = torch.ones(1, 3, 3, 1, 1)
    read = nearby(0 * here, here, here, reach=1)[0, :, :, 0, 0]
    expected = torch.tensor([[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]) / 9
    torch.testing.assert_close(read, expected)


def test_scores_are_divided_by_the_root_of_a_heads_width():
    key = torch.zeros(1, 1, 1, 1, 4)
    key[..., 0] = 2.0
    query, value = key * 3, torch.ones(1, 1, 1, 1, 4)
    share = torch.tensor(12.0 / 2).exp()  # beside eight scores of 0
    read = nearby(query, key, value, reach=1)
    torch.testing.assert_close(read, (share / (share + 8)) * value)


def test_a_cell_reads_no_further_than_the_window():
    query, key, value = drawn(height=7, width=7, heads=1, size=2)
    value.requires_grad_()
    nearby(query, key, value, reach=1)[:, 3, 3].sum().backward()
    reached = value.grad.abs().sum(dim=(0, 3, 4)).nonzero()
    assert reached.min() == 2
    assert reached.max() == 4


def test_views_keep_less_for_the_gradient_than_copies():
    def kept(local):
        sizes = {}
        with torch.autograd.graph.saved_tensors_hooks(
            lambda one: sizes.update({one.untyped_storage().data_ptr(): one}) or one,
            lambda one: one,
        ):
            given = [one.requires_grad_() for one in drawn(height=8, width=8, heads=2, size=8)]
            local(*given, reach=1)
        return sum(one.untyped_storage().nbytes() for one in sizes.values())

    assert kept(copied) > 3 * kept(nearby)


def test_global_attention_is_the_mean_of_all_values_by_their_scores():
    query, key, value = drawn(height=2, width=3, heads=2, size=4)
    scores = torch.einsum("bhwne,bijne->bnhwij", query, key) / 2  # sqrt(4)
    shares = scores.flatten(-2).softmax(-1).view(scores.shape)
    expected = torch.einsum("bnhwij,bijne->bhwne", shares, value)
    torch.testing.assert_close(everywhere(query, key, value), expected)


@pytest.mark.parametrize("reach", [1, None])
def test_a_masked_head_reads_zero(reach):
    attention = SelfAttention(6, heads=3, reach=reach)
    cells = torch.randn(1, 4, 4, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        query, key, value = (
            one.unflatten(-1, (3, 2)) for one in attention.qkv(cells).chunk(3, dim=-1)
        )
        local = everywhere if reach is None else lambda *three: nearby(*three, reach=reach)
        read = local(query, key, value) * torch.tensor([0.0, 1.0, 0.0])[:, None]
        expected = attention.project(read.flatten(-2))
        torch.testing.assert_close(attention(cells, masked=(0, 2)), expected)


def test_one_head_has_no_layer_to_put_heads_together():
    assert {name for name, _ in SelfAttention(4, heads=1, reach=1).named_parameters()} == {
        "qkv.weight"
    }


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_what_is_read_is_values_by_their_shares(reach):
    query, key, value = drawn(height=4, width=5, heads=3, size=2)
    found = shares(query, key, reach=reach)
    side = 2 * reach + 1
    border = [0, 0, 0, 0, *[reach] * 4]
    windows = F.pad(value, border).unfold(1, side, 1).unfold(2, side, 1).flatten(-2)
    read = (found.unsqueeze(-2) * windows).sum(dim=-1)
    expected = nearby(query, key, value, reach=reach)
    torch.testing.assert_close(read, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(found.sum(dim=-1), torch.ones_like(found[..., 0]))


def test_a_layers_shares_are_those_that_it_reads_by():
    layer = SelfAttention(6, heads=2, reach=1)
    cells = torch.randn(2, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    query, key, _ = (one.unflatten(-1, (2, 3)) for one in layer.qkv(cells).chunk(3, dim=-1))
    torch.testing.assert_close(layer.shares(cells), shares(query, key, reach=1))


def test_global_attention_has_no_neighbours_to_share_with():
    message = r"^shares are those of neighbours, and this attention is global$"
    with pytest.raises(ValueError, match=message):
        SelfAttention(6, heads=2, reach=None).shares(torch.zeros(1, 2, 2, 6))
