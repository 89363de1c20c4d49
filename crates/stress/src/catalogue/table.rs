//! The numbers of the catalogue.

use jiff::civil::{Date, date};

use super::Change::{self, BasisPoints, Levels, Relative};
use super::CrisisFactor::{
    self, DowJones, Equity, HighYieldSpread, InvestmentGradeSpread, Nasdaq, Nikkei, Oil, PoundDollar, Treasury2Year,
    Treasury3Month, Treasury10Year, VolatilityIndex,
};
use super::{Crisis, CrisisMove, Grade};

const SP500: &str = "daily closes of the S&P 500, without dividends";
const NASDAQ: &str = "daily closes of the Nasdaq Composite";
const VIX: &str = "daily closes of the VIX";
const TREASURY: &str = "daily par yields of the US Treasury";
const WTI: &str = "daily spot price of WTI crude oil, Cushing";
const PRESS: &str = "figure as widely printed at the time";

/// A number of grade A.
const fn computed(factor: CrisisFactor, change: Change, source: &'static str) -> CrisisMove {
    CrisisMove { factor, change, grade: Grade::A, window: None, source }
}

/// A number of grade B.
const fn printed(factor: CrisisFactor, change: Change) -> CrisisMove {
    CrisisMove { factor, change, grade: Grade::B, window: None, source: PRESS }
}

/// A number of a window of its own within the crisis.
const fn over(one: CrisisMove, window: (Date, Date)) -> CrisisMove {
    CrisisMove { window: Some(window), ..one }
}

pub(super) const CRISES: &[Crisis] = &[
    Crisis {
        name: "crash_of_1987",
        title: "The crash of 1987, from peak to trough",
        start: date(1987, 8, 25),
        end: date(1987, 12, 4),
        moves: &[computed(Equity, Relative(-0.335), SP500), computed(Oil, Relative(-0.0321), WTI)],
    },
    Crisis {
        name: "black_monday_1987",
        title: "Black Monday",
        start: date(1987, 10, 13),
        end: date(1987, 10, 19),
        moves: &[
            computed(Equity, Relative(-0.285), SP500),
            computed(Oil, Relative(0.0066), WTI),
            over(printed(DowJones, Relative(-0.226)), (date(1987, 10, 16), date(1987, 10, 19))),
        ],
    },
    Crisis {
        name: "gulf_war_1990",
        title: "Gulf war and recession",
        start: date(1990, 7, 16),
        end: date(1990, 10, 11),
        moves: &[
            computed(Equity, Relative(-0.1992), SP500),
            computed(VolatilityIndex, Levels { start: 16.75, end: 33.98 }, VIX),
            computed(Treasury3Month, BasisPoints(-51.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-16.0), TREASURY),
            computed(Treasury10Year, BasisPoints(48.0), TREASURY),
            computed(Oil, Relative(1.1998), WTI),
        ],
    },
    Crisis {
        name: "bond_massacre_1994",
        title: "Bond massacre",
        start: date(1994, 2, 2),
        end: date(1994, 4, 4),
        moves: &[
            computed(Equity, Relative(-0.0894), SP500),
            computed(VolatilityIndex, Levels { start: 10.61, end: 23.87 }, VIX),
            computed(Treasury3Month, BasisPoints(69.0), TREASURY),
            computed(Treasury2Year, BasisPoints(137.0), TREASURY),
            computed(Treasury10Year, BasisPoints(139.0), TREASURY),
            computed(Oil, Relative(-0.0243), WTI),
        ],
    },
    Crisis {
        name: "asia_1997",
        title: "Asian crisis",
        start: date(1997, 10, 7),
        end: date(1997, 10, 27),
        moves: &[
            computed(Equity, Relative(-0.108), SP500),
            computed(VolatilityIndex, Levels { start: 20.29, end: 31.12 }, VIX),
            computed(Treasury3Month, BasisPoints(2.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-5.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-3.0), TREASURY),
            computed(Oil, Relative(-0.0388), WTI),
        ],
    },
    Crisis {
        name: "ltcm_1998",
        title: "Russia and LTCM",
        start: date(1998, 7, 17),
        end: date(1998, 8, 31),
        moves: &[
            computed(Equity, Relative(-0.1934), SP500),
            computed(VolatilityIndex, Levels { start: 16.23, end: 44.28 }, VIX),
            computed(Treasury3Month, BasisPoints(-18.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-55.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-46.0), TREASURY),
            computed(Oil, Relative(-0.0521), WTI),
        ],
    },
    Crisis {
        name: "dot_com_2000",
        title: "Dot-com bust",
        start: date(2000, 3, 24),
        end: date(2002, 10, 9),
        moves: &[
            computed(Equity, Relative(-0.4915), SP500),
            over(computed(Nasdaq, Relative(-0.7793), NASDAQ), (date(2000, 3, 10), date(2002, 10, 9))),
            computed(VolatilityIndex, Levels { start: 23.31, end: 42.13 }, VIX),
            computed(Treasury3Month, BasisPoints(-434.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-492.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-259.0), TREASURY),
            computed(Oil, Relative(0.052), WTI),
        ],
    },
    Crisis {
        name: "september_11_2001",
        title: "September 11",
        start: date(2001, 9, 10),
        end: date(2001, 9, 21),
        moves: &[
            computed(Equity, Relative(-0.116), SP500),
            computed(Nasdaq, Relative(-0.1605), NASDAQ),
            computed(VolatilityIndex, Levels { start: 31.84, end: 42.66 }, VIX),
            computed(Treasury3Month, BasisPoints(-101.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-62.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-14.0), TREASURY),
            computed(Oil, Relative(-0.0795), WTI),
        ],
    },
    Crisis {
        name: "quant_quake_2007",
        title: "Quant quake; the index hides what market-neutral books lost",
        start: date(2007, 8, 6),
        end: date(2007, 8, 9),
        moves: &[
            computed(Equity, Relative(-0.0099), SP500),
            computed(Nasdaq, Relative(0.0036), NASDAQ),
            computed(VolatilityIndex, Levels { start: 22.94, end: 26.48 }, VIX),
            computed(Treasury3Month, BasisPoints(-7.0), TREASURY),
            computed(Treasury2Year, BasisPoints(3.0), TREASURY),
            computed(Treasury10Year, BasisPoints(7.0), TREASURY),
            computed(Oil, Relative(-0.0057), WTI),
        ],
    },
    Crisis {
        name: "financial_crisis_2007",
        title: "Financial crisis, from peak to trough",
        start: date(2007, 10, 9),
        end: date(2009, 3, 9),
        moves: &[
            computed(Equity, Relative(-0.5678), SP500),
            computed(Nasdaq, Relative(-0.5475), NASDAQ),
            computed(VolatilityIndex, Levels { start: 16.12, end: 49.68 }, VIX),
            computed(Treasury3Month, BasisPoints(-383.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-319.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-178.0), TREASURY),
            computed(Oil, Relative(-0.4141), WTI),
        ],
    },
    Crisis {
        name: "lehman_2008",
        title: "Lehman, the first four weeks",
        start: date(2008, 9, 12),
        end: date(2008, 10, 10),
        moves: &[
            computed(Equity, Relative(-0.2816), SP500),
            computed(Nasdaq, Relative(-0.2705), NASDAQ),
            computed(VolatilityIndex, Levels { start: 25.66, end: 69.95 }, VIX),
            computed(Treasury3Month, BasisPoints(-124.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-61.0), TREASURY),
            computed(Treasury10Year, BasisPoints(15.0), TREASURY),
            computed(Oil, Relative(-0.2347), WTI),
        ],
    },
    Crisis {
        name: "lehman_to_november_2008",
        title: "Lehman, to the peak of volatility",
        start: date(2008, 9, 12),
        end: date(2008, 11, 20),
        moves: &[
            computed(Equity, Relative(-0.3989), SP500),
            computed(Nasdaq, Relative(-0.418), NASDAQ),
            computed(VolatilityIndex, Levels { start: 25.66, end: 80.86 }, VIX),
            computed(Treasury3Month, BasisPoints(-146.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-123.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-64.0), TREASURY),
            computed(Oil, Relative(-0.5171), WTI),
        ],
    },
    Crisis {
        name: "early_2009",
        title: "The last leg of the financial crisis",
        start: date(2009, 1, 6),
        end: date(2009, 3, 9),
        moves: &[
            computed(Equity, Relative(-0.2762), SP500),
            computed(Nasdaq, Relative(-0.2322), NASDAQ),
            computed(VolatilityIndex, Levels { start: 38.56, end: 49.68 }, VIX),
            computed(Treasury3Month, BasisPoints(9.0), TREASURY),
            computed(Treasury2Year, BasisPoints(16.0), TREASURY),
            computed(Treasury10Year, BasisPoints(38.0), TREASURY),
            computed(Oil, Relative(-0.0319), WTI),
        ],
    },
    Crisis {
        name: "euro_crisis_2010",
        title: "Greece and the euro",
        start: date(2010, 4, 23),
        end: date(2010, 7, 2),
        moves: &[
            computed(Equity, Relative(-0.1599), SP500),
            computed(Nasdaq, Relative(-0.1733), NASDAQ),
            computed(VolatilityIndex, Levels { start: 16.62, end: 30.12 }, VIX),
            computed(Treasury3Month, BasisPoints(1.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-47.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-84.0), TREASURY),
            computed(Oil, Relative(-0.1456), WTI),
        ],
    },
    Crisis {
        name: "flash_crash_2010",
        title: "Flash crash, close to close",
        start: date(2010, 5, 5),
        end: date(2010, 5, 6),
        moves: &[
            computed(Equity, Relative(-0.0324), SP500),
            computed(Nasdaq, Relative(-0.0344), NASDAQ),
            computed(VolatilityIndex, Levels { start: 24.91, end: 32.8 }, VIX),
            computed(Treasury3Month, BasisPoints(-4.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-13.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-17.0), TREASURY),
            computed(Oil, Relative(-0.0352), WTI),
        ],
    },
    Crisis {
        name: "us_downgrade_2011",
        title: "Downgrade of the United States",
        start: date(2011, 7, 22),
        end: date(2011, 8, 8),
        moves: &[
            computed(Equity, Relative(-0.1677), SP500),
            computed(Nasdaq, Relative(-0.1753), NASDAQ),
            computed(VolatilityIndex, Levels { start: 17.52, end: 48.0 }, VIX),
            computed(Treasury3Month, BasisPoints(0.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-13.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-59.0), TREASURY),
            computed(Oil, Relative(-0.1835), WTI),
        ],
    },
    Crisis {
        name: "taper_tantrum_2013",
        title: "Taper tantrum",
        start: date(2013, 5, 21),
        end: date(2013, 6, 24),
        moves: &[
            computed(Equity, Relative(-0.0576), SP500),
            computed(Nasdaq, Relative(-0.0518), NASDAQ),
            computed(VolatilityIndex, Levels { start: 13.37, end: 20.11 }, VIX),
            computed(Treasury3Month, BasisPoints(2.0), TREASURY),
            computed(Treasury2Year, BasisPoints(16.0), TREASURY),
            computed(Treasury10Year, BasisPoints(63.0), TREASURY),
            computed(Oil, Relative(-0.005), WTI),
        ],
    },
    Crisis {
        name: "china_2015",
        title: "Devaluation of the yuan",
        start: date(2015, 8, 17),
        end: date(2015, 8, 25),
        moves: &[
            computed(Equity, Relative(-0.1117), SP500),
            computed(Nasdaq, Relative(-0.1149), NASDAQ),
            computed(VolatilityIndex, Levels { start: 13.02, end: 36.02 }, VIX),
            computed(Treasury3Month, BasisPoints(-3.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-5.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-4.0), TREASURY),
            computed(Oil, Relative(-0.0663), WTI),
        ],
    },
    Crisis {
        name: "brexit_2016",
        title: "Brexit vote",
        start: date(2016, 6, 23),
        end: date(2016, 6, 27),
        moves: &[
            computed(Equity, Relative(-0.0534), SP500),
            computed(Nasdaq, Relative(-0.0643), NASDAQ),
            computed(VolatilityIndex, Levels { start: 17.25, end: 23.85 }, VIX),
            computed(Treasury3Month, BasisPoints(-4.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-17.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-28.0), TREASURY),
            computed(Oil, Relative(-0.0717), WTI),
            over(printed(PoundDollar, Relative(-0.081)), (date(2016, 6, 23), date(2016, 6, 24))),
            over(printed(Nikkei, Relative(-0.079)), (date(2016, 6, 23), date(2016, 6, 24))),
        ],
    },
    Crisis {
        name: "volmageddon_2018",
        title: "Volmageddon",
        start: date(2018, 1, 26),
        end: date(2018, 2, 8),
        moves: &[
            computed(Equity, Relative(-0.1016), SP500),
            computed(Nasdaq, Relative(-0.0971), NASDAQ),
            computed(VolatilityIndex, Levels { start: 11.08, end: 33.46 }, VIX),
            computed(Treasury3Month, BasisPoints(14.0), TREASURY),
            computed(Treasury2Year, BasisPoints(0.0), TREASURY),
            computed(Treasury10Year, BasisPoints(19.0), TREASURY),
            computed(Oil, Relative(-0.075), WTI),
        ],
    },
    Crisis {
        name: "volmageddon_day_2018",
        title: "Volmageddon, the day",
        start: date(2018, 2, 2),
        end: date(2018, 2, 5),
        moves: &[
            computed(Equity, Relative(-0.041), SP500),
            computed(Nasdaq, Relative(-0.0378), NASDAQ),
            computed(VolatilityIndex, Levels { start: 17.31, end: 37.32 }, VIX),
            computed(Treasury3Month, BasisPoints(3.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-7.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-7.0), TREASURY),
            computed(Oil, Relative(-0.0202), WTI),
        ],
    },
    Crisis {
        name: "fourth_quarter_2018",
        title: "Fourth quarter of 2018",
        start: date(2018, 9, 20),
        end: date(2018, 12, 24),
        moves: &[
            computed(Equity, Relative(-0.1978), SP500),
            computed(Nasdaq, Relative(-0.2286), NASDAQ),
            computed(VolatilityIndex, Levels { start: 11.8, end: 36.07 }, VIX),
            computed(Treasury3Month, BasisPoints(28.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-26.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-33.0), TREASURY),
            over(computed(Oil, Relative(-0.406), WTI), (date(2018, 10, 3), date(2018, 12, 21))),
        ],
    },
    Crisis {
        name: "covid_2020",
        title: "Covid, from peak to trough",
        start: date(2020, 2, 19),
        end: date(2020, 3, 23),
        moves: &[
            computed(Equity, Relative(-0.3392), SP500),
            computed(VolatilityIndex, Levels { start: 14.38, end: 61.59 }, VIX),
            computed(Treasury3Month, BasisPoints(-156.0), TREASURY),
            computed(Treasury2Year, BasisPoints(-114.0), TREASURY),
            computed(Treasury10Year, BasisPoints(-80.0), TREASURY),
            printed(HighYieldSpread, BasisPoints(740.0)),
            printed(InvestmentGradeSpread, BasisPoints(270.0)),
        ],
    },
    Crisis {
        name: "inflation_2022",
        title: "Inflation and rates",
        start: date(2022, 1, 3),
        end: date(2022, 10, 12),
        moves: &[computed(Equity, Relative(-0.254), SP500), printed(Treasury10Year, BasisPoints(270.0))],
    },
    Crisis {
        name: "svb_2023",
        title: "Silicon Valley Bank",
        start: date(2023, 3, 8),
        end: date(2023, 3, 13),
        moves: &[
            printed(VolatilityIndex, Levels { start: 19.0, end: 26.5 }),
            printed(Treasury2Year, BasisPoints(-109.0)),
        ],
    },
    Crisis {
        name: "yen_carry_2024",
        title: "Unwinding of the yen carry, the day",
        start: date(2024, 8, 2),
        end: date(2024, 8, 5),
        moves: &[printed(Equity, Relative(-0.03)), printed(Nikkei, Relative(-0.124))],
    },
];
