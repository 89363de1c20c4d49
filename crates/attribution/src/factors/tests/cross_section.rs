use alluse_risk_core::Error as Input;
use alluse_risk_core::inference::BartlettLags;
use alluse_risk_core::streams::Streams;
use ndarray::{Array1, Array2, Axis};
use proptest::prelude::*;

use super::near;
use crate::Error;
use crate::example_data::returns;
use crate::factors::*;

/// A column of ones and two characteristics of the twenty shares, and market values, all made up by a rule.
fn characteristics() -> (Array2<f64>, Array1<f64>) {
    let exposures = Array2::from_shape_fn((20, 3), |(i, k)| match k {
        0 => 1.0,
        1 => i as f64 / 10.0 - 1.0,
        _ => (7 * i % 5) as f64 / 5.0,
    });
    (exposures, Array1::from_shape_fn(20, |i| 1.0 + (i * i) as f64))
}

fn model() -> CrossSectionModel {
    CrossSectionModel::new(["market", "size", "style"])
}

/// statsmodels `WLS(r, B, weights=sqrt(cap))` and `OLS`, on days 1000 to 1059 of the twenty shares; means by a
/// regression on a constant with `HAC` of 3 lags and `use_t`.
#[test]
fn agrees_with_statsmodels() {
    let Some((_, stocks)) = returns("stocks20_daily.csv") else { return };
    let (exposures, caps) = characteristics();
    let days: Vec<Array1<f64>> = (1000..1060).map(|t| stocks.row(t).to_owned()).collect();
    let periods: Vec<CrossSection<'_>> = days
        .iter()
        .map(|day| CrossSection {
            returns: day.view(),
            exposures: exposures.view(),
            capitalisations: Some(caps.view()),
        })
        .collect();
    let weighted = model().with_weights(RegressionWeights::SquareRootOfCap);
    let fit = weighted.fit(&periods).unwrap();
    let classical = weighted.with_errors(CrossSectionErrors::Classical).fit(&periods[..1]).unwrap();
    let values = [-0.002335738659443153, -0.0006377967674661362, 0.004281213071627658];
    for (k, (robust, plain)) in [
        (0.006090061901562316, 0.005254653638105763),
        (0.006581939835928545, 0.0059600423240165285),
        (0.01120913749081288, 0.010214587424489368),
    ]
    .into_iter()
    .enumerate()
    {
        let got = fit.periods[0].returns[k];
        near(got.value, values[k], 1e-9);
        near(got.standard_error, robust, 1e-9);
        near(classical.periods[0].returns[k].standard_error, plain, 1e-9);
    }
    near(fit.periods[0].r_squared.unwrap(), 0.010474821264475631, 1e-9);
    near(fit.periods[0].specific[0], 0.02495375584546543, 1e-10);
    let equal = model().fit(&periods[..1]).unwrap();
    near(equal.periods[0].returns[2].value, -0.007394791050512219, 1e-9);
    near(equal.periods[0].returns[2].standard_error, 0.010740263904116101, 1e-9);

    let premia = fit.premia(BartlettLags::Fixed(3)).unwrap();
    for (got, (mean, error, p)) in premia.iter().zip([
        (0.00011269920708385252, 0.0008266305176893714, 0.892020082424048),
        (0.00021109254980216453, 0.0007898275465170662, 0.7901978573792097),
        (0.0005455643829555487, 0.0012746578435749785, 0.6702032928998899),
    ]) {
        near(got.premium.value, mean, 1e-8);
        near(got.premium.standard_error, error, 1e-9);
        near(got.premium.p_value, p, 1e-8);
    }
    let text = serde_json::to_string(&fit).unwrap();
    assert_eq!(serde_json::from_str::<FactorReturns>(&text).unwrap(), fit);
}

#[test]
fn hostile_input() {
    let z = Streams::new(3).standard_normals(20, 1) * 0.01;
    let day = z.column(0).to_owned();
    let (exposures, caps) = characteristics();
    let section = CrossSection { returns: day.view(), exposures: exposures.view(), capitalisations: None };
    let capped = model().with_weights(RegressionWeights::SquareRootOfCap);
    assert!(matches!(model().fit(&[]), Err(Error::Input(Input::Empty { name: "periods" }))));
    let error = capped.fit(&[section]).unwrap_err();
    assert_eq!(error.to_string(), "regression weights: period 0 has no market values");
    let mut zero = caps.clone();
    zero[5] = 0.0;
    let section = CrossSection { capitalisations: Some(zero.view()), ..section };
    assert!(matches!(
        capped.fit(&[section]),
        Err(Error::Input(Input::ElementOutOfDomain { name: "market values", index: 5, .. }))
    ));
    assert!(matches!(
        CrossSectionModel::new(["a", "b"]).fit(&[section]),
        Err(Error::Input(Input::LengthMismatch { name: "factors", .. }))
    ));
    // A market factor beside industries that cover every share.
    let industries = Array2::from_shape_fn((20, 3), |(i, k)| f64::from(u8::from(k == 0 || (i % 2 == k - 1))));
    let section = CrossSection { exposures: industries.view(), ..section };
    assert!(matches!(
        model().fit(&[section]),
        Err(Error::Input(Input::Collinear { column, .. })) if column == "style"
    ));
    let fit = model().fit(&[CrossSection { exposures: exposures.view(), ..section }]).unwrap();
    let section = CrossSection { exposures: exposures.view(), ..section };
    assert!(matches!(fit.attribute(&[], &[]), Err(Error::Input(Input::LengthMismatch { .. }))));
    assert!(matches!(
        fit.attribute(&[section], &[caps.view().split_at(Axis(0), 4).0]),
        Err(Error::Input(Input::LengthMismatch { name: "holdings", .. }))
    ));
    assert!(matches!(fit.premia(BartlettLags::Fixed(0)), Err(Error::Input(Input::InsufficientData { .. }))));
}

proptest! {
    /// Exposures times factor returns plus specific is the portfolio's return, and the specific part is that of its
    /// holdings; linked, the parts are the total return.
    #[test]
    fn the_portfolio_adds_up(
        cells in prop::collection::vec(-0.2_f64..0.2, 60),
        holdings in prop::collection::vec(-0.5_f64..1.0, 12),
        scores in prop::collection::vec(-2.0_f64..2.0, 12),
    ) {
        let days = Array2::from_shape_vec((5, 12), cells).unwrap();
        let holdings = Array1::from(holdings) / 12.0;
        let exposures = Array2::from_shape_fn((12, 2), |(i, k)| if k == 0 { 1.0 } else { scores[i] });
        let periods: Vec<CrossSection<'_>> = days
            .rows()
            .into_iter()
            .map(|returns| CrossSection { returns, exposures: exposures.view(), capitalisations: None })
            .collect();
        let fit = CrossSectionModel::new(["market", "score"]).fit(&periods).unwrap();
        let split = fit.attribute(&periods, &[holdings.view(); 5]).unwrap();
        prop_assert!(split.contributions.linking_residual().abs() < 1e-12);
        let specific = split.contributions.part(&Term::Specific).unwrap();
        for (t, period) in fit.periods.iter().enumerate() {
            let own: f64 = holdings.iter().zip(&period.specific).map(|(w, u)| w * u).sum();
            prop_assert!((specific.by_period[t] - own).abs() < 1e-14);
            prop_assert!((split.exposures[t][0] - holdings.sum()).abs() < 1e-14);
            // Weighted least squares leaves nothing of any factor: the mimicking portfolio has no specific return.
            prop_assert!(period.specific.iter().sum::<f64>().abs() < 1e-13);
        }
    }

    /// Returns made of planted factor returns and a little noise give them back.
    #[test]
    fn planted_factor_returns_are_found(market in -0.1_f64..0.1, style in -0.1_f64..0.1, seed in 0_u64..1_000) {
        let (exposures, caps) = characteristics();
        let noise = Streams::new(seed).standard_normals(20, 1).column(0).mapv(|z| 1e-4 * z);
        let returns = exposures.column(0).mapv(|x| x * market) + exposures.column(2).mapv(|x| x * style) + noise;
        let section = CrossSection {
            returns: returns.view(),
            exposures: exposures.view(),
            capitalisations: Some(caps.view()),
        };
        for weights in [RegressionWeights::Equal, RegressionWeights::SquareRootOfCap] {
            let fit = model().with_weights(weights).fit(&[section]).unwrap();
            for (got, truth) in fit.periods[0].returns.iter().zip([market, 0.0, style]) {
                // Six times the largest error that noise of 1e-4 leaves with twenty shares.
                prop_assert!((got.value - truth).abs() < 1e-3);
            }
        }
    }
}
