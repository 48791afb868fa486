from ncabench.run.rotation import take_turns


def recording(name, log, *, ms=1.0):
    def clock():
        log.append(name)
        return ms

    return clock


def test_every_round_starts_one_rival_later():
    log = []
    times = take_turns({n: recording(n, log) for n in "abc"}, rounds=4, failed=print)
    assert "".join(log) == "abc" + "bca" + "cab" + "abc"
    assert times == dict.fromkeys("abc", (1.0,) * 4)


def test_a_rival_that_fails_is_out_and_the_others_go_on():
    told = []

    def broken():
        raise RuntimeError("no")

    clocks = {"a": recording("a", [], ms=2.0), "b": broken}
    times = take_turns(clocks, rounds=3, failed=lambda name, error: told.append((name, error)))
    assert times == {"a": (2.0, 2.0, 2.0)}
    assert [(name, str(error)) for name, error in told] == [("b", "no")]
