"""Statistics over rng_seeds: how sure a few runs can be.

A value is one run's; runs differ by their rng_seed, so n counts rng_seeds. Standard
deviations have ddof 1. One run has no spread: its interval is the whole line and its
verdict is open. Every function is pure: what was drawn comes in as an argument.

    interval      Student's t: a mean's interval, the next run's, the summary of a cell
    bootstrap     intervals of other statistics, from resamples; interquartile mean
    pairs         differences between two models over the rng_seeds that they share
    equivalence   inside a margin, outside it, or open; how many rng_seeds would tell
    power         the least difference that n runs can show, and the n for a difference
    counts        differences between shares, such as runs that diverged
    ranks         two groups of timings, without a distribution
    normal        integration over a normal value, for power and equivalence
"""
