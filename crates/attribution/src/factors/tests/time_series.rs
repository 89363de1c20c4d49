use alluse_risk_core::inference::{BartlettLags, StandardErrors};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, Error as Input, Frequency};
use ndarray::{Array1, Array2, Axis, array};
use proptest::prelude::*;

use super::{etfs, near};
use crate::factors::*;
use crate::{Annualisation, Error, RiskFree};

const DAILY: Annualisation = Annualisation::Periods(Frequency::Daily);

/// Low volatility on quality and value: columns 3, 1 and 4 of the file.
fn inputs() -> Option<(Array1<f64>, Array2<f64>)> {
    let data = etfs()?;
    Some((data.column(3).to_owned(), data.select(Axis(1), &[1, 4])))
}

fn model() -> FactorModel {
    FactorModel::new(["quality", "value"])
}

/// statsmodels OLS with `HAC` of 5 lags; the error of a mean contribution by numpy, from the sandwich of the stacked
/// moments `(x e, F − μ)` and the gradient of `β μ`.
#[test]
fn agrees_with_statsmodels() {
    let Some((returns, factors)) = inputs() else { return };
    let errors = StandardErrors::NeweyWest(BartlettLags::Fixed(5));
    let got = model().with_errors(errors).attribute(returns.view(), factors.view(), &RiskFree::Zero, DAILY).unwrap();
    near(got.alpha.value, 0.0001584004755956895, 1e-9);
    near(got.alpha.standard_error, 7.198806082709828e-05, 1e-9);
    near(got.annual_alpha.value, 252.0 * 0.0001584004755956895, 1e-9);
    near(got.alpha_path, 1704.8487626968422, 1e-10);
    near(got.regression.r_squared, 0.8584753256264073, 1e-10);
    for (effect, beta, error, path, mean, mean_error) in [
        (
            &got.effects[0],
            0.7988156221431172,
            0.023519234677441953,
            0.5152202920903772,
            0.0002770003159860336,
            0.00017785239725708282,
        ),
        (
            &got.effects[1],
            -0.05054453735388145,
            0.023583399633042283,
            0.4059814212363589,
            -1.427237408379319e-05,
            1.4402731352762671e-05,
        ),
    ] {
        near(effect.beta.value, beta, 1e-9);
        near(effect.beta.standard_error, error, 1e-9);
        near(effect.path, path, 1e-10);
        near(effect.expected.value, mean, 1e-9);
        near(effect.expected.standard_error, mean_error, 1e-9);
        let interval = effect.realised_interval(Confidence::P95);
        assert!(interval.lower < effect.realised() && effect.realised() < interval.upper);
        let part = got.contributions.factor(&effect.factor).unwrap();
        near(part.linked, effect.realised(), 1e-12);
    }
    near(got.contributions.total_return, 0.6505215079419144, 1e-12);
    assert!(got.contributions.linking_residual().abs() < 1e-12);
    let (alpha, interval) = got.realised_alpha(Confidence::P95);
    near(got.contributions.part(&Term::Alpha).unwrap().linked, alpha, 1e-12);
    assert!(interval.lower < alpha && alpha < interval.upper);
    let text = serde_json::to_string(&got).unwrap();
    assert_eq!(serde_json::from_str::<FactorAttribution>(&text).unwrap(), got);
}

/// statsmodels `RollingOLS` of 250 days, each beta put to work on the day after.
#[test]
fn betas_known_beforehand_agree_with_statsmodels() {
    let Some((returns, factors)) = inputs() else { return };
    let got = model()
        .attribute_ex_ante(returns.view(), factors.view(), &RiskFree::Zero, EstimationWindow::Rolling(250))
        .unwrap();
    assert_eq!((got.first_period, got.effects[0].betas.len()), (250, 1007));
    let quality = &got.effects[0];
    near(quality.betas[0], 0.6670651246532806, 1e-8);
    near(quality.betas[1006], 0.8459009899705859, 1e-8);
    near(got.effects[1].betas[1006], -0.11405611239425657, 1e-8);
    near(quality.tilt, 0.0002724837794344101, 1e-8);
    near(quality.timing, 3.2612098996039704e-05, 1e-8);
    near(got.effects[1].timing, -4.7546163725063036e-05, 1e-8);
    near(quality.timing_test.unwrap().standard_error, 3.34227269e-05, 1e-7);
    near(quality.linked_tilt, 0.28489210936042575, 1e-8);
    near(quality.linked_timing, 0.04501651713771517, 1e-8);
    near(got.contributions.factor("quality").unwrap().linked, quality.linked_tilt + quality.linked_timing, 1e-12);
    near(got.out_of_sample_r_squared, 0.8602208184575527, 1e-9);
    let specific = got.specific.unwrap();
    near(specific.value, 0.00011819, 1e-4);
    near(specific.standard_error, 8.59031763e-05, 1e-8);
    assert!(got.contributions.linking_residual().abs() < 1e-12);
}

/// Nothing after a period can change its beta.
#[test]
fn betas_do_not_see_the_future() {
    let z = Streams::new(6).standard_normals(60, 2) * 0.01;
    let (returns, factors) = (z.column(0).to_owned(), z.select(Axis(1), &[1]));
    let of = |returns: &Array1<f64>, window| {
        FactorModel::new(["f"])
            .attribute_ex_ante(returns.view(), factors.view(), &RiskFree::Zero, window)
            .unwrap()
            .effects
            .remove(0)
            .betas
    };
    let mut other = returns.clone();
    other[50] = 0.5;
    for window in [EstimationWindow::Rolling(20), EstimationWindow::Expanding(20)] {
        let (before, after) = (of(&returns, window), of(&other, window));
        // Period 50 is at position 30: its own beta is that of the days before.
        assert_eq!(before[..=30], after[..=30]);
        assert_ne!(before[31], after[31]);
    }
}

/// Returns that come from known betas, mean factor returns and an alpha, with factors and noise that remember: what is
/// planted is inside the 95 % intervals 93 % to 97 % of the time.
#[test]
fn intervals_of_contributions_hold() {
    const SAMPLES: usize = 1_500;
    const MONTHS: usize = 400;
    let (alpha, beta, premium, rho) = (0.001, 0.8, 0.005, 0.3);
    let mut held = [0_usize; 3];
    for sample in 0..SAMPLES {
        let shocks = Streams::new(900 + sample as u64).standard_normals(MONTHS, 2);
        let remember = |column: usize, size: f64| {
            let mut last = 0.0;
            shocks.column(column).mapv(|z| {
                last = rho * last + size * z;
                last
            })
        };
        let factor = remember(0, 0.03) + premium;
        let returns = &factor * beta + &remember(1, 0.01) + alpha;
        let got = FactorModel::new(["f"])
            .attribute(returns.view(), factor.insert_axis(Axis(1)).view(), &RiskFree::Zero, DAILY)
            .unwrap();
        let truths = [(got.alpha, alpha), (got.effects[0].beta, beta), (got.effects[0].expected, beta * premium)];
        for (held, (estimate, truth)) in held.iter_mut().zip(truths) {
            let interval = estimate.interval(Confidence::P95);
            *held += usize::from(interval.lower <= truth && truth <= interval.upper);
        }
    }
    let share = held.map(|count| count as f64 / SAMPLES as f64);
    assert!(share.iter().all(|share| (0.93..=0.97).contains(share)), "{share:?}");
}

#[test]
fn hostile_input() {
    let z = Streams::new(7).standard_normals(30, 3) * 0.01;
    let (returns, factors) = (z.column(0).to_owned(), z.select(Axis(1), &[1, 2]));
    let call = |model: &FactorModel, returns: &Array1<f64>, factors: &Array2<f64>| {
        model.attribute(returns.view(), factors.view(), &RiskFree::Zero, DAILY).unwrap_err()
    };
    let twins = Array2::from_shape_fn((30, 2), |(t, k)| factors[[t, 0]] * (1.0 + k as f64));
    assert_eq!(
        call(&model(), &returns, &twins),
        Error::Input(Input::Collinear { name: "regressors", column: "value".into() })
    );
    let none: [&str; 0] = [];
    assert!(matches!(call(&FactorModel::new(none), &returns, &factors), Error::Input(Input::Empty { .. })));
    assert!(matches!(
        call(&FactorModel::new(["a"]), &returns, &factors),
        Error::Input(Input::LengthMismatch { name: "factor returns", .. })
    ));
    assert!(matches!(call(&FactorModel::new(["a", "a"]), &returns, &factors), Error::Input(Input::Duplicate { .. })));
    let mut bad = returns.clone();
    bad[3] = -1.5;
    assert!(matches!(call(&model(), &bad, &factors), Error::Input(Input::ElementOutOfDomain { index: 3, .. })));
    let mut holes = factors.clone();
    holes[[4, 1]] = f64::NAN;
    assert!(matches!(call(&model(), &returns, &holes), Error::Input(Input::EntryOutOfDomain { .. })));
    let few = returns.select(Axis(0), &[0, 1, 2]);
    assert!(matches!(
        call(&model(), &few, &factors.select(Axis(0), &[0, 1, 2])),
        Error::Input(Input::InsufficientData { required: 4, available: 3, .. })
    ));
    let copy = factors.column(0).to_owned();
    assert!(matches!(call(&model(), &copy, &factors), Error::Input(Input::Undefined { .. })));
    let rates = RiskFree::Series(array![0.0]);
    assert!(model().attribute(returns.view(), factors.view(), &rates, DAILY).is_err());
    for window in [EstimationWindow::Rolling(30), EstimationWindow::Rolling(3), EstimationWindow::Expanding(0)] {
        let got = model().attribute_ex_ante(returns.view(), factors.view(), &RiskFree::Zero, window);
        assert!(matches!(got, Err(Error::Input(Input::InsufficientData { .. }))), "{window:?}");
    }
}

proptest! {
    #[test]
    fn parts_add_up_to_the_return(
        cells in prop::collection::vec(-0.1_f64..0.1, 90), rate in 0.0_f64..0.01,
    ) {
        let z = Array2::from_shape_vec((30, 3), cells).unwrap();
        let (returns, factors) = (z.column(0).to_owned(), z.select(Axis(1), &[1, 2]));
        let cash = RiskFree::PerPeriod(rate);
        let whole = model().attribute(returns.view(), factors.view(), &cash, DAILY).unwrap();
        let known = model()
            .attribute_ex_ante(returns.view(), factors.view(), &cash, EstimationWindow::Expanding(10))
            .unwrap();
        for (split, first) in [(&whole.contributions, 0), (&known.contributions, 10)] {
            prop_assert!(split.linking_residual().abs() < 1e-12);
            for t in first..30 {
                let sum: f64 = split.parts.iter().map(|part| part.by_period[t - first]).sum();
                prop_assert!((sum - returns[t]).abs() < 1e-15);
            }
        }
        // Specific returns of the sample have mean zero: alpha took it.
        let specific = &whole.contributions.part(&Term::Specific).unwrap().by_period;
        prop_assert!(specific.iter().sum::<f64>().abs() < 1e-14);
        for effect in &known.effects {
            let mean = known.contributions.factor(&effect.factor).unwrap().by_period.iter().sum::<f64>() / 20.0;
            prop_assert!((effect.tilt + effect.timing - mean).abs() < 1e-15);
        }
    }
}
