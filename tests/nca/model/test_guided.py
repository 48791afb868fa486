import pytest
import torch

from ncabench.nca.draws import Draws
from ncabench.nca.engine.compiled import Compiled
from ncabench.nca.model.guided import Guided
from ncabench.nca.model.nca import NCA
from ncabench.nca.perception.conv import Conv
from ncabench.nca.state import Layout
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise

LAYOUT = Layout(height=6, width=5, visible=4, hidden=2, condition=2, alive=3)


def drawn(*shape, seed):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


STATE = drawn(2, 6, 6, 5, seed=1)
TOLD = drawn(2, 2, 6, 5, seed=2)
MASK = drawn(2, 1, 6, 5, seed=3) < 0.5


def build(kind=Guided, **given):
    """A model with the same weights whatever its kind, its change large enough to matter."""
    layout = given.pop("layout", LAYOUT)
    model = kind(layout, Conv(layout.perceived, out_channels=8), MLP(8, 6, hidden=8), **given)
    initialise(model, Draws(0))
    with torch.no_grad():
        for weight in model.update.parameters():
            weight.mul_(3)
    return model.eval()


def stepped(model, condition=TOLD):
    return model.step(STATE, condition=condition, mask=MASK)


def assert_same(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_guidance_of_1_is_the_conditional_update():
    assert_same(stepped(build()), stepped(build(NCA)))


def test_a_guidance_of_0_is_the_update_that_was_told_nothing():
    plain = build(NCA)
    assert_same(stepped(build(guidance=0.0)), stepped(plain, torch.zeros_like(TOLD)))
    assert not torch.equal(stepped(plain), stepped(plain, torch.zeros_like(TOLD)))


@pytest.mark.parametrize("guidance", [0.5, 3.0, -1.0])
def test_another_one_goes_on_along_the_line_through_both(guidance):
    layout = Layout(height=6, width=5, visible=4, hidden=2, condition=2)  # nobody dies
    with_it, without = (
        stepped(build(NCA, layout=layout), one) - STATE
        for one in (TOLD, torch.zeros_like(TOLD))
    )
    found = stepped(build(layout=layout, guidance=guidance)) - STATE
    torch.testing.assert_close(found, (1 - guidance) * without + guidance * with_it)


@pytest.mark.parametrize("guidance", [1.0, 2.0])
def test_a_compiled_test_is_guided_alike(guidance):
    model = build(guidance=guidance).train()
    tested = Compiled(torch.device("cpu"), backend="aot_eager").inference(model)
    unguided = stepped(tested)
    with torch.no_grad():
        found = stepped(tested.eval())
    torch.testing.assert_close(found, stepped(build(guidance=guidance)))
    assert torch.equal(found, unguided) == (guidance == 1)


def test_training_is_not_guided():
    assert_same(stepped(build(guidance=5.0).train()), stepped(build(NCA)))


def test_classes_may_be_told_as_well():
    told = torch.eye(2)
    plain, guided = build(NCA), build(guidance=0.0)
    assert_same(stepped(guided, told), stepped(plain, 0 * told))


def test_without_a_condition_there_is_no_guidance():
    with pytest.raises(ValueError) as caught:
        build(layout=Layout(height=6, width=5, visible=4, hidden=2))
    assert str(caught.value) == "guidance needs a task with a condition, such as blurred = true"
