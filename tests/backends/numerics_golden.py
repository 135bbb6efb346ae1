#!/usr/bin/env python3
"""Writes numerics_golden.inc: { x, exp(x), log(x) }, exact rationals rounded once.

  python3 tests/backends/numerics_golden.py > tests/backends/numerics_golden.inc
"""
from fractions import Fraction as F

BITS = 160


def cut(v):
    return F(round(v * 2**BITS), 2**BITS)


def atanh_sum(z):
    """2 * atanh(z), |z| <= 1/3."""
    term, total, k = z, F(0), 1
    while abs(term) > F(1, 2**BITS):
        total += term / k
        term, k = cut(term * z * z), k + 2
    return 2 * total


LN2 = atanh_sum(F(1, 3))


def exp(x):
    n = round(F(x) / LN2)
    r, term, total, k = cut(F(x) - n * LN2), F(1), F(0), 0
    while abs(term) > F(1, 2**BITS):
        total, k = total + term, k + 1
        term = cut(term * r / k)
    return total * F(2)**n


def log(x):
    m, e = F(x), 0
    while m > F(3, 2):
        m, e = m / 2, e + 1
    while m < F(3, 4):
        m, e = m * 2, e - 1
    return cut(atanh_sum((m - 1) / (m + 1)) + e * LN2)


XS = [1.0, 0.5, 2.0, 1e-3, 1e-10, 3.0, 10.0, 100.5, 700.25, 0.6931471805599453, 0.34657359, 0.34657360, 0.70710678,
      0.70710679, 1.41421356, 1.41421357, 0.9999999, 1.0000001, 1.25, 0.8, 1e-300, 17.75, 0.1, 5e-324,
      -1.0, -0.5, -1e-3, -3.0, -30.25, -87.5, -300.125, -700.5]
for v in XS:
    print("        { %s, %s, %s }," % (v.hex(), float(exp(v)).hex(), float(log(v)).hex() if v > 0 else "0"))
