import torch

from ncabench.nca.losses.gradient_penalty import gradient_penalty

SHARE = torch.tensor([0.25, 0.75])


def images():
    drawn = torch.rand(2, 2, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    return drawn.double().unbind(0)


def test_the_slope_is_taken_between_real_and_false():
    seen = []

    def scores(between):
        seen.append(between.detach())
        return between.sum(dim=(1, 2, 3))

    real, false = images()
    gradient_penalty(scores, real, false, share=SHARE)
    torch.testing.assert_close(seen[0][0], 0.25 * real[0] + 0.75 * false[0])
    torch.testing.assert_close(seen[0][1], 0.75 * real[1] + 0.25 * false[1])


def test_the_length_is_of_each_samples_whole_slope():
    real, false = images()
    between = SHARE.double().view(-1, 1, 1, 1) * (real - false) + false
    lengths = torch.stack([3 * one.square().square().sum().sqrt() for one in between])
    found = gradient_penalty(lambda x: x.pow(3).sum(dim=(1, 2, 3)), real, false, share=SHARE)
    torch.testing.assert_close(found, (lengths - 1).square().mean())


def test_a_slope_of_1_costs_nothing():
    def scores(between):
        return between[:, 0, 0, 0]

    assert float(gradient_penalty(scores, *images(), share=SHARE)) == 0.0


def test_no_slope_at_all_costs_1_and_has_a_finite_slope_of_its_own():
    weight = torch.zeros((), dtype=torch.float64, requires_grad=True)
    found = gradient_penalty(lambda x: weight * x, *images(), share=SHARE)
    found.backward()
    assert float(found.detach()) == 1.0
    assert weight.grad.isfinite()


def test_scores_of_one_sample_are_added_up():
    found = gradient_penalty(lambda x: 2 * x[:, :1], *images(), share=SHARE)
    assert float(found) == 9.0  # 2 in each of 4 cells, of length 4


def test_its_own_slope_reaches_the_critic():
    weight = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    found = gradient_penalty(lambda x: weight * x[:, 0, 0, 0], *images(), share=SHARE)
    found.backward()
    torch.testing.assert_close(found.detach(), torch.tensor(4.0, dtype=torch.float64))
    torch.testing.assert_close(weight.grad, torch.tensor(4.0, dtype=torch.float64))  # 2 (w - 1)
