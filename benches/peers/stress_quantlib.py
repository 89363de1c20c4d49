"""The options of `peerbench stress OUT` in the same crises, by QuantLib.

    python stress_quantlib.py stress_flat.json

Prints the seconds of a full revaluation (setting quotes and pricing, the book built before the clock starts) and the
largest difference to the P&L in the file, as a fraction of strike times units. QuantLib 1.44: QdFpAmericanEngine and
AnalyticEuropeanEngine.
"""
import json
import sys
import time

import QuantLib as ql

book = json.load(open(sys.argv[1]))
today = ql.Date(5, 1, 2024)
ql.Settings.instance().evaluationDate = today
count = ql.Actual365Fixed()
rate = ql.YieldTermStructureHandle(ql.FlatForward(today, book["rate"], count))
options = []
for row in book["options"]:
    spot, volatility = ql.SimpleQuote(row["spot"]), ql.SimpleQuote(row["volatility"])
    dividend = ql.YieldTermStructureHandle(ql.FlatForward(today, row["dividend_yield"], count))
    surface = ql.BlackConstantVol(today, ql.NullCalendar(), ql.QuoteHandle(volatility), count)
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(spot), dividend, rate, ql.BlackVolTermStructureHandle(surface))
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if row["call"] else ql.Option.Put, row["strike"])
    expiry = today + row["days"]
    if row["american"]:
        option = ql.VanillaOption(payoff, ql.AmericanExercise(today, expiry))
        option.setPricingEngine(ql.QdFpAmericanEngine(process))
    else:
        option = ql.VanillaOption(payoff, ql.EuropeanExercise(expiry))
        option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
    options.append((option, spot, volatility, row))


def revalue():
    base = [option.NPV() for option, _, _, _ in options]
    pnl = []
    for s in range(len(options[0][3]["spots"])):
        column = []
        for (option, spot, volatility, row), now in zip(options, base):
            spot.setValue(row["spots"][s])
            volatility.setValue(row["volatilities"][s])
            column.append(row["units"] * (option.NPV() - now))
        pnl.append(column)
    for _, spot, volatility, row in options:
        spot.setValue(row["spot"])
        volatility.setValue(row["volatility"])
    return pnl


times = []
for _ in range(3):
    start = time.perf_counter()
    pnl = revalue()
    times.append(time.perf_counter() - start)
worst = 0.0
for i, (_, _, _, row) in enumerate(options):
    for s, ours in enumerate(row["pnl"]):
        worst = max(worst, abs(pnl[s][i] - ours) / (abs(row["units"]) * row["strike"]))
print(f"{len(options)} options x {len(pnl)} scenarios: best of 3 {1e3 * min(times):.1f} ms; largest difference {worst:.1e} of the strike")
