"""Fits the coefficients of kernel::math and prints them as Rust constants.

Tools: Python 3.11, mpmath 1.3.0 (50 digits). Run: python3 fit_kernel.py
Method: Remez exchange on the relative error, polynomial for exp and ln, rational for the Mills ratio; every
constant is rounded to f64 after the fit and the error of the rounded approximation is printed.
"""
import sys
from mpmath import mp, mpf, matrix, lu_solve, exp, log, atanh, erfc, sqrt, pi, cos

mp.dps = 50


def extrema(err, grid):
    """Points of largest |err| in each run of one sign, in order."""
    out, best = [], None
    for x, e in zip(grid, err):
        if best is not None and (e > 0) == (best[1] > 0):
            if abs(e) > abs(best[1]):
                best = (x, e)
        else:
            if best is not None:
                out.append(best)
            best = (x, e)
    out.append(best)
    return out


def trim(points, n):
    """The n consecutive alternating points with the largest errors."""
    while len(points) > n:
        points = points[1:] if abs(points[0][1]) < abs(points[-1][1]) else points[:-1]
    return points


def chebyshev(n, a, b):
    return [(a + b) / 2 - (b - a) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]


def horner(c, x):
    s = mpf(0)
    for k in reversed(c):
        s = s * x + k
    return s


def polynomial(target, a, b, degree, rounds=12):
    """Minimises max |p(x) - target(x)|."""
    n = degree + 2
    nodes = [(a + b) / 2 - (b - a) / 2 * cos(pi * i / (n - 1)) for i in range(n)]
    grid = sorted(chebyshev(1500, a, b) + [a, b])
    wanted = [target(x) for x in grid]
    for _ in range(rounds):
        m, rhs = matrix(n, n), matrix(n, 1)
        for i, x in enumerate(nodes):
            for k in range(degree + 1):
                m[i, k] = x ** k
            m[i, n - 1] = (-1) ** i
            rhs[i] = target(x)
        sol = lu_solve(m, rhs)
        c = [sol[k] for k in range(degree + 1)]
        points = extrema([horner(c, x) - t for x, t in zip(grid, wanted)], grid)
        if len(points) < n:
            break
        points = trim(points, n)
        nodes = [p[0] for p in points]
        if max(abs(p[1]) for p in points) < abs(sol[n - 1]) * mpf("1.0001"):
            break
    return c


def rational(target, top, bottom, to_x, rounds=40):
    """Minimises the relative error of P/Q, Q(0) = 1, over x = to_x(t), t in [-1, 1]."""
    n = top + bottom + 2
    ts = [-cos(pi * i / (n - 1)) for i in range(n)]
    nodes = [to_x(t) for t in ts]
    grid = [to_x(-cos(pi * i / 4000)) for i in range(4001)]
    tv = [target(x) for x in grid]
    err = None
    for _ in range(rounds):
        values, e = [target(x) for x in nodes], mpf(0)
        for _ in range(12):
            m, rhs = matrix(n, n), matrix(n, 1)
            for i, (x, y) in enumerate(zip(nodes, values)):
                s = (-1) ** i
                for k in range(top + 1):
                    m[i, k] = x ** k
                for k in range(1, bottom + 1):
                    m[i, top + k] = -y * (1 + s * e) * x ** k
                m[i, n - 1] = -y * s
                rhs[i] = y
            sol = lu_solve(m, rhs)
            old, e = e, sol[n - 1]
            if abs(e - old) < abs(e) * mpf("1e-12"):
                break
        p = [sol[k] for k in range(top + 1)]
        q = [mpf(1)] + [sol[top + k] for k in range(1, bottom + 1)]
        err = [horner(p, x) / horner(q, x) / y - 1 for x, y in zip(grid, tv)]
        points = extrema(err, grid)
        worst = max(abs(v) for v in err)
        print(f"  round: level {float(abs(e)):.3e} worst {float(worst):.3e} extrema {len(points)}", file=sys.stderr)
        if len(points) < n:
            break
        points = trim(points, n)
        nodes = [v[0] for v in points]
        if worst < abs(e) * mpf("1.01"):
            break
    return p, q, max(abs(v) for v in err)


def show(name, values, note):
    print(f"// {note}")
    print(f"const {name}: [f64; {len(values)}] = [")
    for v in values:
        print(f"    {float(v)!r},")
    print("];")


def mills(x):
    return sqrt(pi / 2) * exp(x * x / 2) * erfc(x / sqrt(mpf(2)))


def main():
    half = log(mpf(2)) / 2 * mpf("1.0001")
    c = polynomial(lambda r: (exp(r) - 1 - r) / r ** 2 if abs(r) > mpf("1e-12") else mpf(1) / 2 + r / 6, -half, half, 9)
    d = [mpf(float(v)) for v in c]
    err = max(abs((1 + r + r * r * horner(d, r)) / exp(r) - 1) for r in chebyshev(999, -half, half))
    show("EXP", c, f"(e^r - 1 - r) / r^2, relative error of e^r after rounding {float(err):.2e}")
    zmax = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)) ** 2 * mpf("1.0001")
    c = polynomial(lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z if z > mpf("1e-15") else mpf(2) / 3 + z * 2 / 5,
                   mpf(0), zmax, 6)
    d = [mpf(float(v)) for v in c]
    err = max(abs((2 + z * horner(d, z)) * sqrt(z) / (2 * atanh(sqrt(z))) - 1) for z in chebyshev(999, mpf(0), zmax))
    show("LN", c, f"(2 atanh(s)/s - 2) / s^2 in z = s^2, relative error of ln after rounding {float(err):.2e}")
    top = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    k, end = mpf(3), mpf(40)
    tend = (end - k) / (end + k)
    # t in [-1, 1] onto x in [0, 40] through the Moebius map that balances head and tail
    p, q, err = rational(mills, top, top + 1, lambda t: (lambda u: k * (1 + u) / (1 - u))((t + 1) / 2 * (tend + 1) - 1))
    show("MILLS_TOP", p, f"Mills ratio on [0, 40] as P(x)/Q(x), relative error {float(err):.2e}")
    show("MILLS_BOTTOM", q, "ascending powers")
    pd, qd = [mpf(float(v)) for v in p], [mpf(float(v)) for v in q]
    worst = max(abs(horner(pd, x) / horner(qd, x) / mills(x) - 1) for x in (mpf(i) / 50 for i in range(2001)))
    print(f"// after rounding to f64: {float(worst):.2e}")


main()
