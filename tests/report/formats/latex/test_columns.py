import pytest

from ncabench.report.formats.latex.columns import Written, aligned, parts


def cells(*texts):
    return aligned([Written(text=text) for text in texts])


def test_what_a_number_lacks_around_its_point_is_a_phantom():
    assert cells("1,234.5", "7", "-0.25").cells == (
        r"\phantom{$-$}1,234.5\phantom{5}",
        r"\phantom{$-$1,23}7\phantom{.25}",
        r"\phantom{1,23}$-$0.25",
    )


def test_spreads_stand_under_one_another_too():
    assert cells("1.0 ± 0.5", "2.0 ± 10.5", "3.0").cells == (
        r"1.0\,$\pm$\,\phantom{1}0.5",
        r"2.0\,$\pm$\,10.5",
        r"3.0\phantom{\,$\pm$\,10.5}",
    )


def test_the_mean_alone_is_bold():
    found = aligned([Written(text="10 ± 1", best=True), Written(text="9 ± 1")])
    assert found.cells == (r"\ncabbest{10}\,$\pm$\,1", r"\phantom{1}9\,$\pm$\,1")


def test_what_stands_behind_numbers_has_a_column_of_its_own_and_words_span_both():
    found = aligned(
        [Written(text="24.5K", beside="\\,="), Written(text="no_data"), Written(text="1")]
    )
    assert (found.spec, found.span) == ("r@{}l", 2)
    assert found.cells == (
        r"24.5 & K\,=",
        r"\multicolumn{2}{c}{no\_data}",
        r"\phantom{2}1\phantom{.5} &",
    )


def test_a_space_behind_a_number_is_kept_at_the_beginning_of_a_column():
    assert cells("0.5 (n=1)").cells == (r"0.5 & ~(n=1)",)


def test_words_alone_need_one_column():
    found = cells("OOM", "not run")
    assert (found.spec, found.cells) == ("c", ("OOM", "not run"))


@pytest.mark.parametrize("text", ["OOM (24 GB emulated)", "\u2013", "-", "", "n/a", ".5"])
def test_words_are_no_number(text):
    assert parts(text) is None


def test_a_number_is_taken_apart():
    found = parts("-1,234.50 ± 0.75 (1/3 seeds; 2 OOM)")
    assert (found.sign, found.whole, found.part) == ("-", "1,234", ".50")
    assert (found.wide, found.fine, found.tail) == ("0", ".75", " (1/3 seeds; 2 OOM)")


def test_numbers_with_a_column_behind_stand_under_the_middle_of_what_is_wider():
    marked = [Written(text="90", beside="\\,="), Written(text="419", beside="\\,=")]
    assert aligned(marked, head=24).cells[0] == r"\hspace*{4.6em}\phantom{4}90 & \,="
    assert aligned(marked, head=24).cells[1] == r"419 & \,="
    words = [Written(text="x" * 14), *marked]
    assert aligned(words).cells[1].startswith(r"\hspace*{2.3em}\phantom{4}90")
    assert aligned(marked, head=5).cells[0].startswith(r"\phantom")
