import pytest
from matplotlib.figure import Figure

from ncabench.report.drawn import curves
from ncabench.report.lines import Drawing, Line


def line(*means, label="Sobel", seeds=3, steps=(0, 4, 8, 8, 12), spread=0.05):
    return Line(
        label=label, steps=steps, means=means, spreads=(spread,) * len(means), seeds=seeds
    )


def axes(*lines, **given):
    words = {"name": "x", "title": "emoji", "metric": "MSE", "device_class": "cpu"}
    made = Figure().add_subplot()
    curves.fill(made, Drawing(lines=lines, **words, **given))
    return made


def written(made):
    return [text.get_text() for text in made.texts]


def test_lines_go_through_the_means_within_their_bands():
    made = axes(line(0.5, 0.3, 0.1, 0.4, 0.2))
    assert made.lines[0].get_xydata().tolist()[1] == [4.0, 0.3]
    (band,) = made.collections
    vertices = band.get_paths()[0].vertices
    assert vertices[:, 1].max() == pytest.approx(0.55)
    assert vertices[:, 1].min() == pytest.approx(0.05)


def test_every_line_has_a_colour_and_a_dash_of_its_own():
    made = axes(*(line(0.5, 0.3, 0.1, 0.4, 0.2, label=str(place)) for place in range(7)))
    drawn = made.lines[:7]
    assert len({one.get_color() for one in drawn}) == 7
    assert len({str(one._dash_pattern) for one in drawn[:4]}) == 4


def test_each_perturbation_is_marked_where_it_was_done():
    steps = (0, 64, 64, 128, 128, 192)
    made = axes(line(*(1.0, 0.5) * 3, steps=steps), perturbed=True)
    assert [one.get_xdata()[0] for one in made.lines[1:]] == [64, 128]
    assert written(made) == [" perturbed, t = 64 ", " t = 128 "]


def test_a_time_that_stands_twice_without_a_perturbation_is_not_marked():
    made = axes(line(0.5, 0.3, 0.1, 0.4, 0.2))
    assert (len(made.lines), written(made)) == (1, [])


def test_the_stage_that_a_table_averages_over_is_shaded():
    made = axes(line(0.5, 0.3, 0.1, 0.4, 0.2), window=(4, 6))
    assert [(one.get_x(), one.get_width()) for one in made.patches] == [(4, 2)]
    assert written(made) == ["4-6"]


def test_a_stage_is_named_below_where_the_perturbation_is_named_above():
    steps = (0, 64, 96, 149, 149, 449)
    far = axes(line(*(1.0, 0.5) * 3, steps=steps), perturbed=True, window=(64, 96))
    near = axes(line(*(1.0, 0.5) * 3, steps=steps), perturbed=True, window=(64, 148))
    heights = [made.texts[0].get_position()[1] for made in (far, near)]
    assert heights == [0.985, 0.015]


def test_no_value_is_shown_that_there_cannot_be():
    made = axes(line(95.0, 99.0, 100.0, 60.0, 2.0, spread=30.0), low=0.0, high=100.0)
    assert made.get_ylim() == (-2.0, 102.0)


def test_a_loss_that_spans_much_has_a_logarithmic_axis():
    wide = axes(line(0.5, 0.3, 0.1, 0.025, 0.2), loss=True)
    narrow = axes(line(0.5, 0.3, 0.1, 0.4, 0.2), loss=True)
    assert (wide.get_yscale(), narrow.get_yscale()) == ("log", "linear")
    assert "0.05 0.1 0.2 0.5" in " ".join(text.get_text() for text in wide.get_yticklabels())


def test_what_all_bands_are_stands_over_the_legend_once():
    legend = axes(line(0.5, 0.3, 0.1, 0.4, 0.2)).get_legend()
    assert legend.get_title().get_text() == "band: sd of 3 seeds"
    assert [text.get_text() for text in legend.get_texts()] == ["Sobel"]


def test_one_seed_has_no_band_beside_several():
    made = axes(line(*(0.5,) * 5), line(*(0.4,) * 5, label="Conv", seeds=1))
    assert len(made.collections) == 1
    texts = [text.get_text() for text in made.get_legend().get_texts()]
    assert texts == ["Sobel", "Conv\n(1 seed, no band)"]


def test_bands_of_different_seeds_are_told_apart():
    made = axes(line(*(0.5,) * 5), line(*(0.4,) * 5, label="Conv", seeds=2))
    texts = [text.get_text() for text in made.get_legend().get_texts()]
    assert texts == ["Sobel\n(band: sd of 3 seeds)", "Conv\n(band: sd of 2 seeds)"]


def test_a_band_of_a_logarithmic_axis_ends_at_its_bottom():
    made = axes(line(1e-3, 1e-2, 1.0, 1e2, 1e4, spread=0.5, steps=(0, 1, 2, 3, 4)), loss=True)
    vertices = made.collections[0].get_paths()[0].vertices
    assert vertices[:, 1].min() == pytest.approx(1e-3 / 1.5)
    labels = [text.get_text() for text in made.get_yticklabels()]
    assert {"0.001", "0.01", "1", "100"} <= set(labels)
    assert "0.002" not in labels
