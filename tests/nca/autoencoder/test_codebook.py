import pytest
import torch

from ncabench.nca.autoencoder._codebook import Codebook
from ncabench.nca.draws import Draws
from ncabench.nca.weights import initialise


@pytest.fixture
def book():
    """Three codes of two channels: the corners of a triangle."""
    made = Codebook(3, 2)
    with torch.no_grad():
        made.codes.copy_(torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]]))
    return made


def cells(*pairs):
    return torch.tensor(pairs).T[None, :, None].contiguous()  # (1, 2, 1, W)


def test_each_cell_gets_the_nearest_code(book):
    latent = cells((0.5, 0.5), (3.0, 0.1), (0.0, 1.6), (9.0, 9.0))
    assert book.nearest(latent).tolist() == [[[0, 1, 2, 1]]]  # the last: 106 to 1, 117 to 2


def test_of_equal_distances_the_first_code_counts(book):
    assert book.nearest(cells((2.0, 0.0), (0.0, 1.5))).tolist() == [[[0, 0]]]


def test_nearest_is_what_all_distances_say():
    latent = torch.randn(2, 8, 5, 7, generator=torch.Generator().manual_seed(3))
    made = Codebook(32, 8)
    initialise(made, Draws(1))
    rows = latent.permute(0, 2, 3, 1).reshape(-1, 8)
    wanted = torch.cdist(rows, made.codes).argmin(dim=1).view(2, 5, 7)
    assert torch.equal(made.nearest(latent), wanted)


def test_codes_begin_within_one_over_their_number():
    made = Codebook(4, 100)
    initialise(made, Draws(0))
    assert 0.2 < float(made.codes.detach().abs().max()) <= 0.25


def test_a_quantised_grid_holds_codes_and_its_gradient_goes_straight_through(book):
    latent = cells((0.5, 0.5), (3.0, 0.1)).requires_grad_()
    found = book(latent)
    torch.testing.assert_close(found.latent, cells((0.0, 0.0), (4.0, 0.0)))
    weights = cells((1.0, 2.0), (3.0, 5.0))
    gradients = torch.autograd.grad(
        (found.latent * weights).sum(), [latent, book.codes], allow_unused=True
    )
    torch.testing.assert_close(gradients[0], weights)  # as if nothing had been rounded
    assert gradients[1] is None


def test_the_two_losses_are_one_distance_that_pulls_either_side(book):
    latent = cells((1.0, 0.0), (4.0, 2.0)).requires_grad_()
    found = book(latent)
    torch.testing.assert_close(found.codebook, torch.tensor((1.0 + 4.0) / 4))
    torch.testing.assert_close(found.commitment, found.codebook)
    by_codes = torch.autograd.grad(found.codebook, [latent, book.codes], allow_unused=True)
    assert by_codes[0] is None
    torch.testing.assert_close(  # towards the cells, 2 * distance / 4 values
        by_codes[1], torch.tensor([[-0.5, 0.0], [0.0, -1.0], [0.0, 0.0]])
    )
    by_cells = torch.autograd.grad(found.commitment, [latent, book.codes], allow_unused=True)
    torch.testing.assert_close(by_cells[0], cells((0.5, 0.0), (0.0, 1.0)))
    assert by_cells[1] is None


def test_a_book_of_no_codes_is_refused():
    with pytest.raises(ValueError, match=r"^codes must be at least 1, not 0$"):
        Codebook(0, 4)


def test_which_codes_are_used_is_told(book):
    corners = cells((0.0, 0.0), (4.0, 0.0), (4.1, 0.0), (3.9, 0.2))
    assert book.used(book(corners).numbers).tolist() == [True, True, False]


def restarted(book, latent, unused, *uniform):
    book.restart(latent, unused=torch.tensor(unused), uniform=torch.tensor(uniform))
    return book.codes.tolist()


def test_an_unused_code_is_put_where_a_far_cell_is(book):
    latent = cells((0.1, 0.0), (9.0, 9.0), (4.0, 0.1))
    found = restarted(book, latent, [False, False, True], 0.5, 0.5, 0.5)
    assert found == [[0.0, 0.0], [4.0, 0.0], [9.0, 9.0]]


def test_chance_weighs_against_the_squared_distance(book):
    latent = cells((0.0, -1.0), (2.0, -0.0))  # 1 and 4 from their codes
    late, soon = 0.9, 0.1  # waits of 2.30 and 0.105
    unused = [False, False, True]
    assert restarted(book, latent, unused, late, soon)[2] == [2.0, 0.0]
    book.codes.data[2] = torch.tensor([0.0, 3.0])
    assert restarted(book, latent, unused, soon, late)[2] == [0.0, -1.0]


def test_codes_take_different_cells_and_begin_again_where_there_are_too_few(book):
    latent = cells((9.0, 9.0), (1.0, 0.0))
    found = restarted(book, latent, [True, True, True], 0.5, 0.5)
    assert found == [[9.0, 9.0], [1.0, 0.0], [9.0, 9.0]]


def test_a_draw_of_0_is_no_reason_to_divide_by_0(book):
    found = restarted(book, cells((9.0, 9.0)), [False, False, True], 0.0)
    assert found[2] == [9.0, 9.0]


def test_mixed_precision_chooses_no_other_code(book):
    near = cells((0.0, 1.501), (0.0, 1.499))  # bfloat16 has nothing between 1.5 and these
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert book.nearest(near).tolist() == [[[2, 0]]]
