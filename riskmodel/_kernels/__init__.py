"""Compiled loops: numpy, math and numba only; they know arrays and nothing of layouts."""
