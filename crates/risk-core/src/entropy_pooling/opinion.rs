//! Distances between distributions over the same scenarios, and their blend.

use ndarray::{Array1, ArrayView1};

use crate::sum::compensated;
use crate::{Error, Result, check};

/// The relative entropy `Σ pⱼ ln(pⱼ / qⱼ)` of `probabilities` from `prior` (Kullback and Leibler).
///
/// # Errors
/// Those of a distribution that does not sum to 1 or is not of one length with the other;
/// [`Error::Undefined`] when something happens that the prior rules out.
///
/// # Examples
/// ```
/// use alluse_risk_core::entropy_pooling::relative_entropy;
/// use ndarray::array;
///
/// let certain = relative_entropy(array![1.0, 0.0].view(), array![0.25, 0.75].view())?;
/// assert!((certain - 4.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn relative_entropy(probabilities: ArrayView1<'_, f64>, prior: ArrayView1<'_, f64>) -> Result<f64> {
    distribution(probabilities, prior.len())?;
    distribution(prior, prior.len())?;
    if probabilities.iter().zip(prior).any(|(p, q)| *p > 0.0 && *q == 0.0) {
        let reason = "a scenario has a probability that the prior rules out";
        return Err(Error::Undefined { name: "relative entropy", reason });
    }
    let terms = probabilities.iter().zip(prior).filter(|(p, _)| **p > 0.0);
    // Logarithms apart, as the quotient may overflow. A square that rounding takes below zero is zero.
    Ok(compensated(terms.map(|(p, q)| p * (libm::log(*p) - libm::log(*q)))).max(0.0))
}

/// How many equally likely scenarios carry as much information: the exponential of the entropy, `e^(−Σ p ln p)`.
///
/// # Errors
/// Those of a distribution that does not sum to 1.
///
/// # Source
/// Meucci (2012), "Effective number of scenarios in fully flexible probabilities".
///
/// # Examples
/// ```
/// use alluse_risk_core::entropy_pooling::effective_scenarios;
/// use ndarray::array;
///
/// assert!((effective_scenarios(array![0.25, 0.25, 0.25, 0.25, 0.0].view())? - 4.0).abs() < 1e-14);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn effective_scenarios(probabilities: ArrayView1<'_, f64>) -> Result<f64> {
    distribution(probabilities, probabilities.len())?;
    let happen = probabilities.iter().filter(|p| **p > 0.0);
    Ok(libm::exp(-compensated(happen.map(|p| p * libm::log(*p)))))
}

/// The blend `Σ cᵢ pᵢ` of the opinions of several experts, each with its share of trust.
///
/// # Errors
/// [`Error::Empty`] without opinions, [`Error::ElementOutOfDomain`] for a negative share, [`Error::OutOfDomain`]
/// unless the shares sum to 1 within 1e-9, and those of a distribution.
///
/// # Source
/// Meucci (2008), "Fully flexible views", §3.
pub fn pool_opinions(opinions: &[(f64, ArrayView1<'_, f64>)]) -> Result<Array1<f64>> {
    let Some((_, first)) = opinions.first() else { return Err(Error::Empty { name: "opinions" }) };
    let shares: Array1<f64> = opinions.iter().map(|(share, _)| *share).collect();
    distribution(shares.view(), opinions.len())?;
    let mut blend = Array1::zeros(first.len());
    for (share, opinion) in opinions {
        distribution(*opinion, first.len())?;
        blend.scaled_add(*share, opinion);
    }
    Ok(blend)
}

pub(super) fn distribution(probabilities: ArrayView1<'_, f64>, scenarios: usize) -> Result<()> {
    check::finite("probabilities", probabilities)?;
    check::length("probabilities", scenarios, probabilities.len())?;
    if let Some(index) = probabilities.iter().position(|p| *p < 0.0) {
        let value = probabilities[index];
        return Err(Error::ElementOutOfDomain { name: "probabilities", index, expected: "at least 0", value });
    }
    let value = compensated(probabilities.iter().copied());
    if (value - 1.0).abs() > 1e-9 {
        return Err(Error::OutOfDomain { name: "sum of probabilities", expected: "1", value });
    }
    Ok(())
}
