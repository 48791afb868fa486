import torch

from ncabench.run.at_once import launcher, time_at_once

CPU = torch.device("cpu")


def test_all_actions_are_started_in_order():
    log = []
    launcher([lambda: log.append("a"), lambda: log.append("b")], device=CPU)()
    assert log == ["a", "b"]


def test_one_and_all_are_timed_in_turns_with_actions_of_their_own():
    calls = []

    def make():
        me = len(calls)
        calls.append(0)

        def action():
            calls[me] += 1

        return action

    alone, together = time_at_once(
        make, count=3, precision="float32", device=CPU, warm_up=1, rounds=5
    )
    assert len(alone) == len(together) == 5
    assert calls == [4 + 1 + 5 + 5, 4 + 1 + 5, 4 + 1 + 5]  # the first runs alone as well
