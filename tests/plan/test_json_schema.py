import json

from ncabench import catalog
from ncabench.plan.json_schema import json_schema, of_annotation
from ncabench.suite.document import KEYS


def test_every_section_and_every_kind_is_in_the_schema():
    schema = json_schema()
    assert schema["properties"].keys() == set(KEYS)
    for family in catalog.FAMILIES:
        *named, of_file = schema["$defs"][family]["oneOf"]
        kinds = [one["properties"]["kind"]["const"] for one in named]
        assert tuple(kinds) == catalog.kinds(family)
        assert of_file["required"] == ["file"]


def test_the_schema_is_json():
    assert json.loads(json.dumps(json_schema())) == json_schema()


def test_a_component_has_its_parameters_and_no_others():
    perceptions = json_schema()["$defs"]["perception"]["oneOf"][:-1]
    sobel = next(one for one in perceptions if one["properties"]["kind"]["const"] == "sobel")
    assert sobel["properties"]["padding"] == {"enum": ["circular", "zeros"]}
    assert (sobel["required"], sobel["additionalProperties"]) == (["kind"], False)


def test_nested_components_refer_to_their_family():
    assert of_annotation("Pool | None") == {
        "anyOf": [{"$ref": "#/$defs/pool"}, {"const": "none"}]
    }
    assert of_annotation("tuple[Perception, ...]") == {
        "type": "array",
        "items": {"$ref": "#/$defs/perception"},
    }


def test_a_study_has_its_keys_and_a_space_of_dimensions():
    tune = json_schema()["properties"]["tune"]
    assert tune["required"] == ["metric", "better", "rng_seeds", "space"]
    space = tune["properties"]["space"]["additionalProperties"]
    assert set(space["properties"]) == {"choices", "low", "high", "log"}
    assert tune["properties"]["sampler"] == {"enum": ["grid", "tpe"]}
