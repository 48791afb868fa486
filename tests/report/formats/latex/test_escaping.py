import re

from ncabench.report.formats.latex.escaping import comment, escaped, marks, slug, slugs

ODD = '\\~^<>|[]"&%$#_{}'
ODD += "\u00b1\u2013\u00b5\u2265\u2192\u00d7\u00b2\u03c3\u00a0\u00e9\u4e2d\u0105\u2026x"


def test_every_odd_character_is_escaped():
    assert re.fullmatch(r"[\x20-\x7e\u00e9]*", escaped(ODD))
    assert escaped("éą中") == "éa?"


def test_signs_are_set_in_mathematics():
    assert escaped("a ≥ 2 µm²") == r"a $\geq$ 2 $\mu$m$^2$"


def test_a_star_at_the_beginning_of_a_line_is_not_that_of_the_end_of_the_last():
    assert escaped("* [x]") == "{*} {[}x{]}"


def test_a_comment_is_ascii_and_stays_a_comment_on_every_line():
    assert comment("1 ± 2\n\né %") == "% 1 +- 2\n%\n% e %"


def test_a_name_has_nothing_that_tex_could_take_for_something_else():
    assert re.fullmatch(r"[a-z0-9.-]+", slug(ODD))
    assert slug("Comb. 3x3+5x5D: Reg. (%)") == "comb-3x3-5x5d-reg-percent"
    assert slug("\u4e2d") == "x"


def test_names_are_never_alike():
    assert slugs(["U-Net", "u net 2", "U_Net", "U.Net"]) == [
        *("u-net", "u-net-2", "u-net-3", "u-net-4"),
    ]


def test_marks_in_a_row_are_the_first_and_the_last():
    assert marks((2, 3, 4, 9, 7, 8)) == r"\textsuperscript{2--4,7--9}"
    assert marks(()) == ""
