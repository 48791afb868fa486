import pytest
from matplotlib.figure import Figure

from ncabench.report.drawn import trends
from ncabench.report.trends import Point, Trend, TrendLine, TrendPanel


def points(*pairs):
    return tuple(Point(at=at, value=value) for at, value in pairs)


def figure(*panels, value="", scale="log"):
    words = {"name": "y", "title": "Memory", "along": "side (px)", "device_class": "cpu"}
    trend = Trend(
        at=(32, 64, 128),
        value=value,
        scale=scale,
        exhausted="OOM (80 GB)",
        panels=panels,
        **words,
    )
    made = Figure()
    trends.fill(made, trend, across=len(panels), down=1)
    return made


def panel(*lines, label="Batch 8"):
    return TrendPanel(label=label, lines=lines)


LINE = TrendLine(
    label="ViTCA",
    measured=points((32, 7.0), (64, 30.0), (128, None)),
    printed=points((32, 8.7), (64, None)),
)


def known(axes):
    return [one.get_xydata().tolist() for one in axes.lines[::2]]


def on_top(axes):
    return [one.get_xydata().tolist() for one in axes.lines[1::2]]


def test_the_measured_and_the_printed_go_through_what_has_a_value():
    axes = figure(panel(LINE)).axes[0]
    printed, measured = known(axes)
    assert (printed, measured) == ([[32, 8.7]], [[32, 7.0], [64, 30.0]])


def test_the_printed_is_hollow_and_the_measured_is_filled_in_one_colour():
    axes = figure(panel(LINE)).axes[0]
    printed, measured = axes.lines[0], axes.lines[2]
    assert printed.get_color() == measured.get_color() == measured.get_markerfacecolor()
    assert printed.get_markerfacecolor() == "none"


def test_what_ran_out_of_memory_stands_in_a_strip_above_every_value():
    axes = figure(panel(LINE)).axes[0]
    (printed,), (measured,) = on_top(axes)
    assert (printed, measured) == ([64, pytest.approx(0.93)], [128, pytest.approx(0.93)])
    height = axes.transAxes.inverted().transform(axes.transData.transform((64, 30.0)))[1]
    assert height < axes.patches[0].get_y() == 0.86
    assert [text.get_text() for text in axes.texts] == ["OOM (80 GB)"]


def test_lines_that_ran_out_of_memory_do_not_hide_one_another():
    lost = TrendLine(label="Restormer", measured=points((128, None)), printed=())
    axes = figure(panel(LINE, lost)).axes[0]
    heights = [one[0][1] for one in on_top(axes) if one]
    assert heights == [pytest.approx(0.965), pytest.approx(0.965), pytest.approx(0.895)]


def test_without_a_loss_of_memory_there_is_no_strip():
    axes = figure(panel(TrendLine(label="A", measured=points((32, 1.0)), printed=()))).axes[0]
    assert (len(axes.patches), len(axes.texts)) == (0, 0)


def test_panels_share_the_axis_that_a_figure_names():
    low = TrendLine(label="A", measured=points((32, 0.5), (64, 1.0)), printed=())
    first, second = figure(panel(LINE), panel(low, label="Batch 16"), value="GB").axes
    assert first.get_ylim() == second.get_ylim()
    assert (first.get_ylabel(), second.get_title()) == ("GB", "Batch 16")
    assert len(second.patches) == 1


def test_panels_have_axes_of_their_own_where_a_figure_names_none():
    low = TrendLine(label="A", measured=points((32, 0.5), (64, 1.0)), printed=())
    first, second = figure(panel(LINE), panel(low, label="Time (ms)")).axes
    assert first.get_ylim() != second.get_ylim()
    assert (second.get_ylabel(), len(second.patches)) == ("Time (ms)", 0)


def test_ticks_are_the_places_and_plain_numbers():
    axes = figure(panel(LINE)).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["32", "64", "128"]
    labels = [axes.yaxis.get_major_formatter()(value, 0) for value in axes.get_yticks()]
    assert labels == ["10", "20"]


def test_spread_has_bars():
    spread = (Point(at=32, value=7.0, spread=1.0), Point(at=64, value=30.0))
    axes = figure(panel(TrendLine(label="A", measured=spread, printed=()))).axes[0]
    (bars,) = axes.collections
    assert bars.get_segments()[0].tolist() == [[32, 6.0], [32, 8.0]]


def test_the_legend_tells_measured_from_printed_where_something_is_printed():
    texts = [text.get_text() for text in figure(panel(LINE)).legends[0].get_texts()]
    assert texts == ["ViTCA", "measured", "as printed"]
    alone = TrendLine(label="A", measured=points((32, 1.0)), printed=())
    texts = [text.get_text() for text in figure(panel(alone)).legends[0].get_texts()]
    assert texts == ["A"]
