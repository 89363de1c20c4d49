//! An option with the dividends of its life, and what it is worth when the future is certain.

use crate::pricing::{BlackScholesInputs, CashDividend, DividendModel, ExerciseStyle, OptionKind};

/// One option and the dynamics of its share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Terms {
    pub(super) kind: OptionKind,
    pub(super) style: ExerciseStyle,
    pub(super) model: DividendModel,
    pub(super) inputs: BlackScholesInputs,
    /// Those until expiry, first to last.
    pub(super) dividends: Vec<CashDividend>,
}

/// A moment of the option's life: years from today, and the first dividend that is still to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) time: f64,
    pub(super) next: usize,
}

/// When a certain future makes exercise best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BestExercise {
    /// Discounted to the moment that was asked for.
    pub(super) value: f64,
    /// Years from today; nothing when exercise never pays.
    pub(super) time: Option<f64>,
    /// Whether it is a choice: an exercise ahead of a dividend on the last day is.
    pub(super) early: bool,
}

impl Moment {
    pub(super) const NOW: Self = Self { time: 0.0, next: 0 };
}

impl Terms {
    /// Growth of the share price less its yield, `r − q`.
    pub(super) fn carry(&self) -> f64 {
        self.inputs.rate - self.inputs.dividend_yield
    }

    /// Drift of the logarithm, `r − q − σ²/2`.
    pub(super) fn log_drift(&self) -> f64 {
        self.carry() - 0.5 * self.inputs.volatility * self.inputs.volatility
    }

    pub(super) fn deviation(&self) -> f64 {
        self.inputs.volatility * self.inputs.time.sqrt()
    }

    pub(super) fn payoff(&self, spot: f64) -> f64 {
        self.kind.payoff(spot, self.inputs.strike)
    }

    pub(super) fn is_american(&self) -> bool {
        self.style == ExerciseStyle::American
    }

    /// The part of the share price that is not lognormal at a moment.
    pub(super) fn escrow(&self, moment: Moment) -> f64 {
        match self.model {
            DividendModel::Spot => 0.0,
            DividendModel::Escrowed => {
                let carry = self.carry();
                let worth = |d: &CashDividend| d.amount * (-carry * (d.ex_time - moment.time)).exp();
                self.dividends.iter().skip(moment.next).map(worth).sum()
            }
        }
    }

    /// What the option is worth when the share price follows its forward, floored at 0, from `spot` at `moment`.
    ///
    /// This is the price without volatility, and to all digits that matter the price so far from the strike that
    /// volatility cannot bring it back.
    pub(super) fn certain(&self, moment: Moment, spot: f64) -> BestExercise {
        let BlackScholesInputs { strike, time: expiry, rate, .. } = self.inputs;
        let mut best = BestExercise { value: 0.0, time: None, early: false };
        let mut offer = |time: f64, spot: f64, early: bool| {
            let value = (-rate * (time - moment.time)).exp() * self.kind.payoff(spot, strike);
            if value > best.value {
                best = BestExercise { value, time: Some(time), early };
            }
        };
        let american = self.is_american();
        if american {
            offer(moment.time, spot, moment.time < expiry);
        }
        let (mut time, mut spot) = (moment.time, spot);
        for dividend in self.dividends.iter().skip(moment.next) {
            if american && let Some(turning) = self.turning(time, spot, dividend.ex_time) {
                offer(turning, spot * (self.carry() * (turning - time)).exp(), true);
            }
            spot *= (self.carry() * (dividend.ex_time - time)).exp();
            time = dividend.ex_time;
            if american {
                offer(time, spot, true);
            }
            spot = (spot - dividend.amount).max(0.0);
            if american {
                offer(time, spot, time < expiry);
            }
        }
        if american && let Some(turning) = self.turning(time, spot, expiry) {
            offer(turning, spot * (self.carry() * (turning - time)).exp(), true);
        }
        offer(expiry, spot * (self.carry() * (expiry - time)).exp(), false);
        best
    }

    /// The only time between two dividends at which waiting can turn from gain to loss: where the interest on the strike
    /// equals the yield of the share.
    fn turning(&self, time: f64, spot: f64, end: f64) -> Option<f64> {
        let BlackScholesInputs { strike, rate, dividend_yield, .. } = self.inputs;
        let wait = ((rate * strike) / (dividend_yield * spot)).ln() / self.carry();
        // Without interest or yield this is NaN or infinite, and no time between.
        (wait > 0.0 && wait < end - time).then_some(time + wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(
        kind: OptionKind,
        style: ExerciseStyle,
        rate: f64,
        dividend_yield: f64,
        dividends: &[(f64, f64)],
    ) -> Terms {
        Terms {
            kind,
            style,
            model: DividendModel::Escrowed,
            inputs: BlackScholesInputs { spot: 100.0, strike: 100.0, time: 1.0, volatility: 0.0, rate, dividend_yield },
            dividends: dividends.iter().map(|&(ex_time, amount)| CashDividend { ex_time, amount }).collect(),
        }
    }

    #[test]
    fn a_certain_call_is_exercised_just_before_the_dividend() {
        let call = terms(OptionKind::Call, ExerciseStyle::American, 0.0, 0.0, &[(0.5, 10.0)]);
        assert_eq!(call.certain(Moment::NOW, 105.0), BestExercise { value: 5.0, time: Some(0.0), early: true });
        let growing = terms(OptionKind::Call, ExerciseStyle::American, 0.1, 0.0, &[(0.5, 10.0)]);
        let best = growing.certain(Moment::NOW, 105.0);
        // 105 - 100 exp(-0.05) at the ex time, against 105 - 10 exp(-0.05) - 100 exp(-0.1) at expiry.
        assert_eq!(best.time, Some(0.5));
        assert!((best.value - (105.0 - 95.122_942_450_071_4)).abs() < 1e-12);
        let european = terms(OptionKind::Call, ExerciseStyle::European, 0.1, 0.0, &[(0.5, 10.0)]);
        let value = european.certain(Moment::NOW, 105.0).value;
        assert!((value - (105.0 - 9.512_294_245_007_14 - 90.483_741_803_596)).abs() < 1e-12, "{value}");
    }

    #[test]
    fn a_certain_put_waits_for_the_dividend() {
        let put = terms(OptionKind::Put, ExerciseStyle::American, 0.02, 0.0, &[(0.5, 10.0)]);
        let best = put.certain(Moment::NOW, 80.0);
        assert_eq!((best.time, best.early), (Some(0.5), true));
        // 100 exp(-0.01) - (80 - 10 exp(-0.01)).
        assert!((best.value - 28.905_481_712_408_5).abs() < 1e-12, "{best:?}");
        let never = put.certain(Moment::NOW, 200.0);
        assert_eq!(never, BestExercise { value: 0.0, time: None, early: false });
    }

    #[test]
    fn a_dividend_on_the_last_day_still_leaves_a_choice() {
        let call = terms(OptionKind::Call, ExerciseStyle::American, 0.01, 0.0, &[(1.0, 10.0)]);
        let best = call.certain(Moment::NOW, 120.0);
        assert_eq!((best.time, best.early), (Some(1.0), true));
        let put = terms(OptionKind::Put, ExerciseStyle::American, 0.0, 0.0, &[(1.0, 10.0)]);
        let best = put.certain(Moment::NOW, 90.0);
        assert_eq!(best, BestExercise { value: 20.0, time: Some(1.0), early: false });
    }

    #[test]
    fn a_certain_price_stops_at_zero() {
        let put = terms(OptionKind::Put, ExerciseStyle::European, 0.0, 0.0, &[(0.5, 150.0)]);
        assert_eq!(put.certain(Moment::NOW, 100.0).value, 100.0);
    }

    #[test]
    fn interest_and_yield_may_balance_inside() {
        // A call whose yield overtakes the interest on the strike as the price rises.
        let call = terms(OptionKind::Call, ExerciseStyle::American, 0.08, 0.06, &[]);
        let best = call.certain(Moment::NOW, 133.0);
        let brute =
            (0..=100_000).map(|i| f64::from(i) * 1e-5).map(|t| 133.0 * (-0.06 * t).exp() - 100.0 * (-0.08 * t).exp());
        let brute = brute.fold(0.0, f64::max);
        assert!((best.value - brute).abs() < 1e-9, "{best:?} {brute}");
        assert!(best.time.is_some_and(|t| t > 0.0 && t < 1.0));
    }

    #[test]
    fn what_is_set_aside_grows_and_is_paid_out() {
        let call = terms(OptionKind::Call, ExerciseStyle::American, 0.05, 0.0, &[(0.25, 1.0), (0.75, 2.0)]);
        assert!((call.escrow(Moment { time: 0.25, next: 0 }) - (1.0 + 2.0 * 0.975_309_912_028_333)).abs() < 1e-12);
        assert!((call.escrow(Moment { time: 0.75, next: 1 }) - 2.0).abs() < 1e-15);
        assert_eq!(call.escrow(Moment { time: 0.8, next: 2 }), 0.0);
        let spot = Terms { model: DividendModel::Spot, ..call };
        assert_eq!(spot.escrow(Moment::NOW), 0.0);
    }
}
