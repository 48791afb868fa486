"""Triton kernels for whole steps of an automaton, forward and backward."""
