"""Packs Joe and Kuo's direction numbers new-joe-kuo-6 (Joe and Kuo 2008, criterion D6) into joe_kuo_d6.bin.

Source: the copy of the table that SciPy 1.17 ships (scipy/stats/_sobol_direction_numbers.npz). Run with
`python make_joe_kuo.py`. One record a dimension from the second on: the primitive polynomial with both its end
bits, three bytes, little end first; then the initial numbers m_1 ... m_s. Number m_k is odd and below 2^k, so its
k-1 upper bits are kept; they follow one another from the lowest bit up and fill whole bytes.
"""
import os
import numpy as np
import scipy

DIMENSIONS = 4096
table = np.load(os.path.join(os.path.dirname(scipy.__file__), "stats", "_sobol_direction_numbers.npz"))
here = os.path.dirname(os.path.abspath(__file__))
packed = bytearray()
for dimension in range(1, DIMENSIONS):
    polynomial = int(table["poly"][dimension])
    degree = polynomial.bit_length() - 1
    bits = length = 0
    for k in range(1, degree + 1):
        m = int(table["vinit"][dimension][k - 1])
        assert m % 2 == 1 and m < 2**k
        bits |= (m >> 1) << length
        length += k - 1
    packed += polynomial.to_bytes(3, "little") + bits.to_bytes((length + 7) // 8, "little")
open(os.path.join(here, "joe_kuo_d6.bin"), "wb").write(packed)
print(len(packed), "bytes")
