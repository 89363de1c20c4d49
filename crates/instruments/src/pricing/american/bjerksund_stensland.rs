//! The flat-boundary approximations of Bjerksund and Stensland (1993, 2002).

use super::super::normal;
use super::bivariate::cdf as bivariate;
use crate::Result;
use crate::pricing::{BlackScholes, BlackScholesInputs, OptionKind, check};

/// A call, in the letters of the papers: `carry` is `b = r − q`.
struct Call {
    spot: f64,
    strike: f64,
    time: f64,
    volatility: f64,
    rate: f64,
    carry: f64,
    /// Root of the perpetual option's equation.
    beta: f64,
    /// Boundary just before expiry.
    nearest: f64,
    /// Boundary of the perpetual option.
    furthest: f64,
}

pub(super) fn price(kind: OptionKind, model: &BlackScholes, two_steps: bool) -> Result<f64> {
    let BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield } = model.inputs();
    // A put is a call with spot and strike, rate and dividend yield, exchanged.
    let (spot, strike, rate, dividend_yield) = match kind {
        OptionKind::Call => (spot, strike, rate, dividend_yield),
        OptionKind::Put => (strike, spot, dividend_yield, rate),
    };
    let (carry, variance) = (rate - dividend_yield, volatility * volatility);
    let beta = 0.5 - carry / variance + ((carry / variance - 0.5).powi(2) + 2.0 * rate / variance).sqrt();
    let european = model.price(kind);
    if beta.is_nan() {
        return check::unsupported("Bjerksund-Stensland without a perpetual option");
    }
    // The perpetual boundary grows without limit as β tends to 1, and with it the flat ones become straight in time.
    let beta = beta.max(1.0 + 1e-12);
    let nearest = strike * (rate / dividend_yield).max(1.0);
    let furthest = strike * beta / (beta - 1.0);
    let call = Call { spot, strike, time, volatility, rate, carry, beta, nearest, furthest };
    let value = if two_steps { call.two_steps() } else { call.one_step() };
    check::computed("Bjerksund-Stensland price", value.max(european).max(spot - strike))
}

impl Call {
    fn one_step(&self) -> f64 {
        let boundary = self.boundary(self.time, self.nearest / (self.furthest - self.nearest));
        if self.spot >= boundary {
            return self.spot - self.strike;
        }
        let (i, k, t) = (boundary, self.strike, self.time);
        (i - k) * ((self.spot / i).powf(self.beta) - self.phi(t, self.beta, i, i) / i.powf(self.beta))
            + self.phi(t, 1.0, i, i)
            - self.phi(t, 1.0, k, i)
            - k * (self.phi(t, 0.0, i, i) - self.phi(t, 0.0, k, i))
    }

    fn two_steps(&self) -> f64 {
        let t1 = 0.5 * (5.0_f64.sqrt() - 1.0) * self.time;
        let scale = self.strike * self.strike / ((self.furthest - self.nearest) * self.nearest);
        let (early, late) = (self.boundary(t1, scale), self.boundary(self.time, scale));
        if self.spot >= late {
            return self.spot - self.strike;
        }
        let (k, beta) = (self.strike, self.beta);
        let alpha = |i: f64| (i - k) * i.powf(-beta);
        let phi = |gamma: f64, h: f64| self.phi(t1, gamma, h, late);
        let psi = |gamma: f64, h: f64| self.psi(gamma, h, late, early, t1);
        alpha(late) * (self.spot.powf(beta) - phi(beta, late)) + phi(1.0, late)
            - phi(1.0, early)
            - k * (phi(0.0, late) - phi(0.0, early))
            + alpha(early) * (phi(beta, early) - psi(beta, early))
            + psi(1.0, early)
            - psi(1.0, k)
            - k * (psi(0.0, early) - psi(0.0, k))
    }

    /// The flat boundary for a life of `time`.
    fn boundary(&self, time: f64, scale: f64) -> f64 {
        let exponent = -(self.carry * time + 2.0 * self.volatility * time.sqrt()) * scale;
        self.nearest - (self.furthest - self.nearest) * exponent.exp_m1()
    }

    /// Value of `S^γ` at `time` when `S ≤ h` then and the boundary `i` was not touched.
    fn phi(&self, time: f64, gamma: f64, h: f64, i: f64) -> f64 {
        let variance = self.volatility * self.volatility;
        let deviation = self.volatility * time.sqrt();
        let drift = self.carry + (gamma - 0.5) * variance;
        let growth = -self.rate + gamma * self.carry + 0.5 * gamma * (gamma - 1.0) * variance;
        let kappa = 2.0 * self.carry / variance + 2.0 * gamma - 1.0;
        let d = -((self.spot / h).ln() + drift * time) / deviation;
        let reflected = d - 2.0 * (i / self.spot).ln() / deviation;
        (growth * time).exp()
            * self.spot.powf(gamma)
            * (normal::cdf(d) - (i / self.spot).powf(kappa) * normal::cdf(reflected))
    }

    /// The same over both periods: `late` until `t1`, `early` from there to expiry.
    fn psi(&self, gamma: f64, h: f64, late: f64, early: f64, t1: f64) -> f64 {
        let (s, t, variance) = (self.spot, self.time, self.volatility * self.volatility);
        let drift = self.carry + (gamma - 0.5) * variance;
        let growth = -self.rate + gamma * self.carry + 0.5 * gamma * (gamma - 1.0) * variance;
        let kappa = 2.0 * self.carry / variance + 2.0 * gamma - 1.0;
        let first = |ratio: f64, side: f64| (ratio.ln() + side * drift * t1) / (self.volatility * t1.sqrt());
        let whole = |ratio: f64| (ratio.ln() + drift * t) / (self.volatility * t.sqrt());
        let rho = (t1 / t).sqrt();
        let straight = bivariate(-first(s / early, 1.0), -whole(s / h), rho);
        let off_late = bivariate(-first(late * late / (s * early), 1.0), -whole(late * late / (s * h)), rho);
        let off_early = bivariate(-first(s / early, -1.0), -whole(early * early / (s * h)), -rho);
        let off_both =
            bivariate(-first(late * late / (s * early), -1.0), -whole(s * early * early / (h * late * late)), -rho);
        (growth * t).exp()
            * s.powf(gamma)
            * (straight - (late / s).powf(kappa) * off_late - (early / s).powf(kappa) * off_early
                + (early / late).powf(kappa) * off_both)
    }
}
