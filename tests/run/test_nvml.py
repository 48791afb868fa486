from types import SimpleNamespace

import pytest
import torch

from ncabench.run import nvml


class RefusedError(Exception):
    """What the driver answers where it has nothing to say."""


class Driver:
    """A third-party module without a GPU: answers what it is told to, refuses all else."""

    NVMLError = RefusedError
    NVML_CLOCK_SM, NVML_CLOCK_MEM, NVML_TEMPERATURE_GPU = 1, 2, 0

    def __init__(self, *, uuid="GPU-7", **answers):
        self.uuid, self.answers, self.open = uuid, answers, 0
        self.nvmlInit, self.nvmlShutdown = self.start, self.stop
        self.nvmlDeviceGetHandleByUUID = self.handle

    def start(self):
        self.open += 1

    def stop(self):
        self.open -= 1

    def handle(self, uuid):
        if uuid != self.uuid:
            raise RefusedError
        return "handle"

    def __getattr__(self, name):
        def answer(*given):
            key = name.removeprefix("nvmlDeviceGet").removeprefix("nvmlSystemGet")
            key = "".join([key, *(str(each) for each in given[1:])])
            if key not in self.answers or (given and given[0] != "handle"):
                raise RefusedError(key)
            return self.answers[key]

        return answer


def test_readings_are_in_their_units():
    memory = SimpleNamespace(used=3 * 2**20, total=8 * 2**20)
    driver = Driver(
        Name=b"H200", DriverVersion="580.1", MemoryInfo=memory, TotalEnergyConsumption=2500,
        ClockInfo1=1980, ClockInfo2=3201, Temperature0=41, PowerManagementLimit=700_000,
    )  # fmt: skip
    with nvml.opened_by_uuid("7", nvml=driver) as gpu:
        assert (gpu.name(), gpu.driver()) == ("H200", "580.1")
        assert (gpu.used_mib(), gpu.total_mib(), gpu.energy_j()) == (3.0, 8.0, 2.5)
        assert (gpu.sm_clock_mhz(), gpu.memory_clock_mhz()) == (1980.0, 3201.0)
        assert (gpu.temperature_c(), gpu.power_limit_w()) == (41.0, 700.0)


@pytest.mark.parametrize("driver", [Driver(), Driver(TotalEnergyConsumption=0)])
def test_a_missing_or_silent_energy_counter_is_none_and_not_zero(driver):
    with nvml.opened_by_uuid("7", nvml=driver) as gpu:
        assert gpu.found
        assert gpu.energy_j() is None


def test_a_slice_of_a_gpu_is_found_by_its_own_uuid():
    with nvml.opened_by_uuid("7", nvml=Driver(uuid="MIG-7", Name="slice")) as gpu:
        assert gpu.name() == "slice"


def test_an_unknown_device_has_no_readings():
    with nvml.opened_by_uuid("8", nvml=Driver(Name="H200")) as gpu:
        assert not gpu.found
        assert gpu.name() is None


def test_is_shut_down_also_after_an_error():
    driver = Driver()
    with pytest.raises(KeyError), nvml.opened_by_uuid("7", nvml=driver):
        raise KeyError
    assert driver.open == 0


def test_without_a_driver_nothing_is_available():
    driver = Driver()
    driver.nvmlInit = driver.nvmlDeviceGetName  # refuses
    with nvml.opened_by_uuid("7", nvml=driver) as gpu:
        assert gpu.driver() is None
    assert driver.open == 0


def test_a_cpu_has_no_readings():
    with nvml.opened(torch.device("cpu")) as gpu:
        assert (gpu.found, gpu.used_mib(), gpu.energy_j()) == (False, None, None)


def test_gpus_are_listed_in_their_order_and_a_silent_one_keeps_its_place():
    driver = Driver(Name="H200", Count=2)
    driver.nvmlDeviceGetHandleByIndex = {0: "lost", 1: "handle"}.get
    assert nvml.device_names(nvml=driver) == ["unknown GPU", "H200"]
    assert driver.open == 0


def test_a_driver_without_gpus_lists_none():
    assert nvml.device_names(nvml=Driver()) == []
