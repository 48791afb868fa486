import json
import re

from ncabench.report.page import writing


def inside(page):
    [text] = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.S)
    return json.loads(text)


def test_the_document_comes_back_from_the_page(plan, filmed, built):
    assert inside(writing.render([plan], filmed)) == json.loads(json.dumps(built))


def test_a_label_cannot_break_out_of_the_page():
    label = "</script><script>alert(1)</script><!-- & {{script}}"
    page = writing.fill({"label": label})
    assert inside(page) == {"label": label}
    assert page.count("</script>") == writing.fill({}).count("</script>") == 2


def test_the_page_is_one_file_with_the_same_bytes_every_time(plan, filmed, tmp_path):
    [first] = writing.write([plan], filmed, out=tmp_path / "a").files
    [second] = writing.write([plan], filmed[::-1], out=tmp_path / "b").files
    assert first.name == "index.html"
    assert first.read_bytes() == second.read_bytes()
    assert [one.name for one in (tmp_path / "a").iterdir()] == ["index.html"]


def test_nothing_is_fetched_and_the_page_forbids_it(plan, filmed):
    page = writing.render([plan], filmed)
    assert "default-src 'none'; img-src data:" in page
    assert re.findall(r"(?:src|href)\s*=\s*\"(?!data:|#)", page) == []
