import pytest
import torch

from ncabench.errors import NoData
from ncabench.nca.draws import Draws
from ncabench.nca.losses.sliced_transport import directions, quantiles, sliced_transport
from ncabench.nca.networks import imagenet, vgg
from ncabench.nca.objective.style import Style


@pytest.mark.usefixtures("drawn_vgg")
def test_every_iteration_has_its_own_directions():
    style = Style(projections=3)
    style.prepare(torch.device("cpu"))
    images = torch.rand(2, 1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    network, costs = vgg.load("vgg", user="test"), []
    for layer, channels in vgg.CHANNELS.items():
        given = {"count": 3, "draws": Draws(4), "index": 9}
        along = directions(channels, **given, purpose=f"objective/style/{layer}")
        seen, wanted = (quantiles(network(one)[layer], along) for one in images)
        costs.append(float(sliced_transport([seen], [wanted])))
    found = [float(style(*images, draws=Draws(4), index=torch.tensor(i))) for i in (9, 10)]
    assert found[0] == pytest.approx(sum(costs))
    assert found[1] != pytest.approx(found[0], rel=1e-3)


def test_missing_weights_are_no_data_with_the_substitute_named(tmp_path, monkeypatch):
    monkeypatch.setattr(imagenet, "SOURCE", (tmp_path / "nothing").as_uri())
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    with pytest.raises(NoData) as caught:
        Style().prepare(torch.device("cpu"))
    assert str(caught.value).endswith("name the substitute: --set train.loss.net=st_vgg")
