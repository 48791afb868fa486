import pytest

from ncabench.report.axes import Scale, scale_of


@pytest.mark.parametrize(
    ("curve", "scale"),
    [
        ("perceptual", Scale(label="ST-LPIPS (substitute for LPIPS)", low=0.0, loss=True)),
        (
            "perceptual_rate_50",
            Scale(label="ST-LPIPS (substitute for LPIPS), rate 50", low=0.0, loss=True),
        ),
        ("states", Scale(label="share of states that diverged", low=0.0, high=1.0)),
        ("probe", Scale(label="accuracy of the probe (%)", low=0.0, high=100.0)),
        ("probe_loss", Scale(label="loss of the probe", low=0.0, loss=True)),
        ("perceptually", Scale(label="perceptually")),
    ],
)
def test_a_curve_is_named_by_what_it_is_of_and_has_its_limits(plan, curve, scale):
    assert scale_of(plan.suite, curve) == scale


def test_the_limits_of_percent_and_the_unit_of_decibels(plan):
    metrics = {"right": {"kind": "image_accuracy"}, "psnr": {"kind": "psnr"}}
    components = {**plan.suite.components, "metric": metrics}
    suite = plan.suite.__class__(**{**vars(plan.suite), "components": components})
    assert scale_of(suite, "right") == Scale(label="image accuracy (%)", low=0.0, high=100.0)
    assert scale_of(suite, "psnr") == Scale(label="PSNR (dB)")
