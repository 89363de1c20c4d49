//! How far to scale parts that are cut off at bounds until they sum to a total.

/// The scale `s` with `Σ clamp(s vᵢ, lowᵢ, highᵢ) = total`, for `v > 0` and a total between the sums of the bounds.
///
/// The sum is piecewise linear and increasing in `s`: its pieces are walked in order. Where the sum is flat at the
/// total the smallest such `s` comes back, and 0 only when the lower bounds alone reach the total.
pub(super) fn scale_to(total: f64, parts: &[(f64, f64, f64)]) -> f64 {
    // Each part starts to grow at low/v and stops at high/v.
    let mut turns: Vec<(f64, f64)> = parts.iter().flat_map(|&(v, low, high)| [(low / v, v), (high / v, -v)]).collect();
    turns.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sum: f64 = parts.iter().map(|&(_, low, _)| low).sum();
    let (mut at, mut slope) = (0.0, 0.0_f64);
    for (turn, change) in turns {
        let reached = sum + slope * (turn - at);
        if slope > 0.0 && reached >= total {
            return at + (total - sum) / slope;
        }
        // A slope left over from cancelling parts is rounding.
        (sum, at, slope) = (reached, turn, (slope + change).max(0.0));
    }
    at
}
