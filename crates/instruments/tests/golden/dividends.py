"""Options on shares with cash dividends. Writes dividends.json beside itself.

QuantLib 1.44, FdBlackScholesVanillaEngine with a DividendSchedule and CashDividendModel Spot and Escrowed, flat curves,
ACT/365F, 4 damping steps, on the grid (t, x) = (1600, 3000). `spread` is the distance from the grid (800, 1500) and so
a bound on what is still unknown, even at first order, the order in time of its American puts. QuantLib interpolates
linearly where the price jumps, hence the fine grids.
"""

import itertools
import json
import pathlib

import QuantLib as ql

TODAY = ql.Date(2, 1, 2024)
ql.Settings.instance().evaluationDate = TODAY
DAYS = ql.Actual365Fixed()
MODELS = {
    "spot": ql.FdBlackScholesVanillaEngine.Spot,
    "escrowed": ql.FdBlackScholesVanillaEngine.Escrowed,
}


def price(kind, style, model, case, size):
    spot, strike, days, volatility, rate, dividend_yield, dividends = case
    flat = lambda x: ql.YieldTermStructureHandle(ql.FlatForward(TODAY, x, DAYS))
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(spot)),
        flat(dividend_yield),
        flat(rate),
        ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), volatility, DAYS)),
    )
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if kind == "call" else ql.Option.Put, strike)
    expiry = TODAY + days
    exercise = ql.AmericanExercise(TODAY, expiry) if style == "american" else ql.EuropeanExercise(expiry)
    option = ql.VanillaOption(payoff, exercise)
    schedule = ql.DividendVector([TODAY + day for day, _ in dividends], [amount for _, amount in dividends])
    engine = ql.FdBlackScholesVanillaEngine(
        process, schedule, *size, 4, ql.FdmSchemeDesc.CrankNicolson(), False, 0.3, MODELS[model]
    )
    option.setPricingEngine(engine)
    return option.NPV()


CASES = [
    (100.0, 100.0, 365, 0.25, 0.05, 0.0, ((73, 2.0), (219, 2.0))),
    (110.0, 100.0, 180, 0.30, 0.03, 0.0, ((60, 3.0),)),
    (90.0, 100.0, 365, 0.20, 0.04, 0.01, ((100, 1.0), (200, 1.5), (300, 1.0))),
    (100.0, 110.0, 90, 0.40, 0.05, 0.0, ((45, 5.0),)),
    (60.0, 50.0, 120, 0.35, 0.02, 0.0, ((10, 1.0), (101, 1.0))),
]
rows = []
for case in CASES:
    for model, style, kind in itertools.product(MODELS, ("european", "american"), ("call", "put")):
        coarse = price(kind, style, model, case, (800, 1500))
        fine = price(kind, style, model, case, (1600, 3000))
        spot, strike, days, volatility, rate, dividend_yield, dividends = case
        rows.append(
            {
                "kind": kind,
                "style": style,
                "model": model,
                "inputs": {
                    "spot": spot,
                    "strike": strike,
                    "time": days / 365,
                    "volatility": volatility,
                    "rate": rate,
                    "dividend_yield": dividend_yield,
                },
                "dividends": [{"ex_time": day / 365, "amount": amount} for day, amount in dividends],
                "price": fine,
                "spread": abs(fine - coarse),
            }
        )
        print(rows[-1]["model"], style, kind, rows[-1]["price"], rows[-1]["spread"], flush=True)
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
