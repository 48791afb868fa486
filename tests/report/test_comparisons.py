from dataclasses import replace

import pytest

from ncabench.report import grids
from ncabench.report.comparisons import comparisons


@pytest.fixture
def source(plan, store):
    """Return what makes a source of pictures, of a model by its label and a protocol."""

    def make(label, strips, *, protocol=None, place=("tiles", "", "")):
        (entry, *_) = plan.evaluations({"model": "nca", "perturbation": "damage"})
        files = {f"filmstrip-{name}.png": png for name, png in strips.items()}
        run = store(entry, files=files)
        (found,) = grids.sources(plan, [run])
        spec = {**entry.spec, "perturbation": {"kind": "none"}, **(protocol or {})}
        return replace(found, label=label, place=place, entry=replace(entry, spec=spec))

    return make


def greys(grid):
    return [
        [None if one is None else one.getpixel((0, 0))[0] for one in row.pictures]
        for row in grid.rows
    ]


def test_models_stand_between_their_common_input_and_the_truth(plan, source, strip):
    def strips(answer, *, steps):
        return {
            "image_0": strip(128, 60, answer, steps=steps),
            "image_0_given_and_true": strip(10, 250, steps=[0, steps[-1]]),
        }

    vit, nca = strips(201, steps=[0, 0, 1]), strips(202, steps=[0, 32, 64])
    panel, *_ = comparisons(plan.suite, [source("ViT", vit), source("ViTCA", nca)])
    assert (panel.name, panel.title) == ("tiles-panel-image", "tiles")
    assert panel.columns == ("input", "ViT\nt = 1", "ViTCA\nt = 64", "truth")
    assert greys(panel) == [[10, 201, 202, 250]]


def test_an_answer_is_taken_at_the_step_that_the_protocol_answers_at(plan, source, strip):
    strips = {
        "image_0": strip(0, 50, 99, steps=[0, 24, 72]),
        "image_0_given_and_true": strip(10, 250, steps=[0, 24]),
    }
    protocol = {"protocol": {"kind": "inpainting", "steps": 24}}
    (panel,) = comparisons(plan.suite, [source("VAE", strips, protocol=protocol)])
    assert greys(panel) == [[10, 50, 250]]


def test_of_inputs_that_changed_the_last_is_answered(plan, source, strip):
    strips = {
        "image_0": strip(0, 50, 99, steps=[0, 64, 128]),
        "image_0_given_and_true": strip(1, 2, 3, 4, steps=[0, 0, 64, 64]),
    }
    (panel,) = comparisons(plan.suite, [source("ViTCA", strips)])
    assert greys(panel) == [[3, 99, 4]]


def test_an_oracle_stands_beside_the_answer_on_a_latent_grid(plan, source, strip):
    def strips(*still):
        film = strip(0, 50, steps=[0, 64])
        return {"image_0": film, "image_0_given_and_true": still_of(still)}

    def still_of(still):
        return strip(*still, steps=[0, 64, 64][: len(still)])

    found = [source("NAFNet", strips(1, 2)), source("LatentViTCA", strips(1, 2, 3))]
    panel = comparisons(plan.suite, found)[0]
    assert greys(panel) == [[1, 50, 50, 3, 2]]
    assert panel.columns[2:] == ("LatentViTCA\nt = 64", "LatentViTCA\noracle", "truth")


def test_scales_of_an_image_are_rows_with_a_name(plan, source, strip):
    strips = {}
    for scale in (1, 2):
        strips[f"image_0_scale_{scale}"] = strip(7, scale, steps=[0, 96])
        strips[f"image_0_scale_{scale}_target"] = strip(9, steps=[96])
    panel = comparisons(plan.suite, [source("LPPN", strips)])[0]
    assert [row.label for row in panel.rows] == ["image 0 scale 1", "image 0 scale 2"]
    assert greys(panel) == [[7, 1, 9], [7, 2, 9]]


def test_variants_of_a_rollout_are_columns(plan, source, strip):
    strips = {
        "image_0_given_and_true": strip(1, 2, steps=[0, 0]),
        "image_0_rate_25": strip(0, 25, steps=[0, 96]),
        "image_0_rate_50": strip(0, 50, steps=[0, 96]),
    }
    (panel,) = comparisons(plan.suite, [source("ViTCA", strips)])
    assert panel.columns[1:3] == ("ViTCA\nrate 25\nt = 96", "ViTCA\nrate 50\nt = 96")
    assert greys(panel) == [[1, 25, 50, 2]]


def test_a_first_state_is_the_input_where_a_target_stands_beside(plan, source, strip):
    def strips(first, answer):
        film = strip(first, answer, steps=[0, 48])
        return {"image_0": film, "image_0_target": strip(250, steps=[48])}

    same = [source("Conv", strips(7, 60)), source("Sobel", strips(7, 70))]
    own = [source("VAE", strips(7, 60)), source("VQVAE", strips(8, 70))]
    assert greys(comparisons(plan.suite, same)[0]) == [[7, 60, 70, 250]]
    panel = comparisons(plan.suite, own)[0]
    assert greys(panel) == [[7, 60, 8, 70, 250]]
    assert (panel.columns[0], panel.columns[2]) == ("input of\nVAE", "input of\nVQVAE")


def test_models_asked_for_something_else_have_a_panel_of_their_own(plan, source, strip):
    def strips(truth):
        pair = strip(1, truth, steps=[0, 0])
        return {"image_0": strip(0, 60, steps=[0, 64]), "image_0_given_and_true": pair}

    found = comparisons(plan.suite, [source("A", strips(250)), source("B", strips(200))])
    assert [one.name for one in found] == ["tiles-panel-image", "tiles-panel-image-2"]


def test_four_samples_are_shown_and_no_more(plan, source, strip):
    film, target = strip(7, 9, steps=[0, 48]), strip(8, steps=[48])
    strips = {f"image_{number}": film for number in range(6)}
    strips |= {f"image_{number}_target": target for number in range(6)}
    assert greys(comparisons(plan.suite, [source("A", strips)])[0]) == [[7, 9, 8]] * 4


@pytest.mark.parametrize("kind", ["unseen_masks", "extreme_masks"])
def test_strips_that_hold_input_and_truth_are_read_by_their_times(plan, source, strip, kind):
    steps = [0, 0, 32, 64, 64, 64]  # input, states, truth, and the median beside
    strips = {"masked_0": strip(1, 128, 40, 90, 250, 77, steps=steps)}
    made = source("ViTCA", strips, protocol={"protocol": {"kind": kind, "steps": 64}})
    (panel,) = comparisons(plan.suite, [made])
    assert (panel.name, panel.title) == ("tiles-panel-masked", "tiles · masked")
    assert greys(panel) == [[1, 90, 250]]


def test_a_film_has_the_models_one_under_another_at_the_same_times(plan, source, strip):
    def made(label, *levels):
        at = {"perturbation": {"kind": "disc"}}
        strips = {"class_0": strip(*levels, steps=[0, 149, 149, 449])}
        return source(label, strips, protocol=at, place=("emoji", "damage", ""))

    (film,) = comparisons(plan.suite, [made("Sobel", 1, 2, 3, 4), made("Conv", 5, 6, 7, 8)])
    assert (film.name, film.title) == ("emoji-damage-film-class_0", "emoji · damage · class 0")
    assert film.columns == ("t = 0", "t = 149", "t = 149", "t = 449")
    assert [row.label for row in film.rows] == ["Sobel", "Conv"]
    assert (greys(film), film.bars) == ([[1, 2, 3, 4], [5, 6, 7, 8]], (2,))


def test_a_film_needs_two_models_of_the_same_times(plan, source, strip):
    one = source("A", {"class_0": strip(1, 2, 3, steps=[0, 1, 2])})
    other = source("B", {"class_0": strip(1, 2, 3, steps=[0, 1, 3])})
    assert comparisons(plan.suite, [one]) == ()
    assert comparisons(plan.suite, [one, other]) == ()


def test_the_true_video_stands_below_the_predicted_ones(plan, source, strip):
    def strips(level):
        steps = [0, 16, 32]
        true = strip(1, 2, 3, steps=steps)
        return {"video_0": strip(level, 8, 9, steps=steps), "video_0_target": true}

    (film,) = comparisons(plan.suite, [source("L1", strips(5)), source("MSE", strips(6))])
    assert [row.label for row in film.rows] == ["L1", "MSE", "truth"]
    assert greys(film) == [[5, 8, 9], [6, 8, 9], [1, 2, 3]]


def test_a_long_film_leaves_out_every_other_time(plan, source, strip):
    steps = list(range(18))
    film = {"class_0": strip(*steps, steps=steps)}
    (found,) = comparisons(plan.suite, [source("A", film), source("B", film)])
    assert found.columns == tuple(f"t = {step}" for step in range(0, 18, 2))
    assert greys(found) == [list(range(0, 18, 2))] * 2


def test_masked_heads_are_named_in_the_order_of_their_strip(plan, source, strip):
    png = strip(1, 2, 3, 4, 5, 6, 7, steps=[0, *[64] * 6])
    protocol = {"protocol": {"kind": "masked_heads", "steps": 64}}
    made = source("ViTCA", {"denoising_0": png, "denoising_1": png}, protocol=protocol)
    (grid,) = comparisons(plan.suite, [made])
    assert grid.name == "tiles-heads-denoising"
    assert grid.columns == (
        *("input", "all heads", "without head 0", "without head 1"),
        *("only head 0", "only head 1", "truth"),
    )
    assert greys(grid) == [[1, 2, 3, 4, 5, 6, 7]] * 2
