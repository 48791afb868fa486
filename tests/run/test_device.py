import pytest

from ncabench.errors import MachineError, SuiteError
from ncabench.run import device


def test_auto_without_a_gpu_is_the_cpu():
    assert [one.name for one in device.among("auto", names=[], visible=None)] == ["cpu"]


def test_visible_gpus_are_numbered_as_torch_numbers_them():
    found = device.among("auto", names=["NVIDIA A", "NVIDIA B", "NVIDIA C"], visible="2,0")
    named = [(one.name, one.device_class) for one in found]
    assert named == [("cuda:0", "nvidia-c"), ("cuda:1", "nvidia-a")]


def test_one_gpu_can_be_named():
    (found,) = device.among("cuda:1", names=["NVIDIA A", "NVIDIA B"], visible=None)
    assert (found.name, found.device_class) == ("cuda:1", "nvidia-b")


def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(MachineError) as caught:
        device.among("cuda:1", names=["NVIDIA A"], visible=None)
    assert str(caught.value) == "--device cuda:1: this machine has cuda:0"


def test_an_unknown_word_lists_what_is_accepted():
    with pytest.raises(SuiteError) as caught:
        device.among("cdua", names=["NVIDIA A"], visible=None)
    assert str(caught.value) == (
        "--device: no device is called 'cdua'\n"
        "  accepted: auto, cpu, cuda, cuda:0\n"
        "  did you mean 'cuda'?"
    )


def test_no_gpu_at_all_is_said():
    with pytest.raises(MachineError) as caught:
        device.among("cuda", names=["NVIDIA A"], visible="")
    assert str(caught.value) == "--device cuda: this machine has no CUDA GPU"
