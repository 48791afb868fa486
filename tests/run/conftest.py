"""Small workloads for what measures them."""

import numpy as np
import pytest

from ncabench.nca.draws import Draws
from ncabench.nca.model.nca import NCA
from ncabench.nca.perception.conv import Conv
from ncabench.nca.task.grow_image import GrowImage
from ncabench.nca.update.mlp import MLP
from ncabench.nca.weights import initialise
from ncabench.run.workload import Workload


@pytest.fixture
def workload():
    """Makes a workload of an automaton on 6 x 8 cells: 5 channels, 7 percepts, width 3."""

    def workload(*, batch=2, steps=3, perception=Conv, **options):
        white = np.full((1, 4, 6, 4), 255, dtype=np.uint8)
        task = GrowImage(white, Draws(0), size_px=6, padding_px=1, channels=5)
        layout = task.layout
        sense = perception(layout.perceived, out_channels=7)
        model = NCA(
            layout, sense, MLP(7, layout.channels, hidden=3, last="small_normal"), **options
        )
        initialise(model, Draws(0))
        return Workload(model=model, task=task, batch=batch, steps=steps)

    return workload
