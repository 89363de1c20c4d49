use std::ops::Range;

use alluse_risk_core::Error as Input;
use serde::{Deserialize, Serialize};

use super::DrawdownSummary;
use crate::{Error, Result, check};

/// A path of returns that can be corrected anywhere, with its drawdown.
///
/// A tree of [`DrawdownSummary`]s stands over the returns: pushing, replacing one return and asking for any stretch take
/// logarithmic time, the summary of all takes none.
///
/// ```
/// use alluse_attribution::streaming::StreamingPath;
///
/// let mut path = StreamingPath::of([0.02, -0.50, 0.03])?;
/// assert!((path.summary().max_drawdown() - 0.50).abs() < 1e-15);
/// // The second return is corrected a week later.
/// assert_eq!(path.replace(1, -0.05)?, -0.50);
/// assert!((path.summary().max_drawdown() - 0.05).abs() < 1e-15);
/// assert!(path.replace(3, 0.0).is_err());
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct StreamingPath {
    returns: Vec<f64>,
    /// Node `k` covers nodes `2k` and `2k + 1`; leaves start at half the length, a power of two.
    nodes: Vec<DrawdownSummary>,
}

impl PartialEq for StreamingPath {
    fn eq(&self, other: &Self) -> bool {
        self.returns == other.returns
    }
}

impl StreamingPath {
    /// Without periods.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of consecutive simple returns, in time proportional to their number.
    ///
    /// # Errors
    /// [`Error::Input`] for a return that is not finite or below −1, by its position.
    pub fn of(returns: impl IntoIterator<Item = f64>) -> Result<Self> {
        let returns: Vec<f64> = returns.into_iter().collect();
        let valid = |value: f64| value >= -1.0 && value.is_finite();
        check::elements("returns", "a finite simple return of at least -1", returns.as_slice().into(), valid)?;
        let mut path = Self { returns, nodes: Vec::new() };
        path.rebuild();
        Ok(path)
    }

    /// Number of periods.
    #[must_use]
    pub fn len(&self) -> usize {
        self.returns.len()
    }

    /// Whether there is no period.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.returns.is_empty()
    }

    /// The returns, in their order.
    #[must_use]
    pub fn returns(&self) -> &[f64] {
        &self.returns
    }

    /// Appends a period.
    ///
    /// # Errors
    /// [`Error::Input`] for a return that is not finite or below −1; the path is unchanged then.
    pub fn push(&mut self, value: f64) -> Result<()> {
        valid(value)?;
        self.returns.push(value);
        if self.returns.len() > self.leaves() {
            self.rebuild();
        } else {
            self.set(self.returns.len() - 1, DrawdownSummary::one(value));
        }
        Ok(())
    }

    /// Takes the last period away and returns its return, if there is one.
    pub fn pop(&mut self) -> Option<f64> {
        let value = self.returns.pop()?;
        self.set(self.returns.len(), DrawdownSummary::new());
        Some(value)
    }

    /// Corrects the return of a period and gives back what stood there.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a position outside the path, [`Error::Input`] for a return that is not finite or
    /// below −1; the path is unchanged then.
    pub fn replace(&mut self, index: usize, value: f64) -> Result<f64> {
        valid(value)?;
        let periods = self.returns.len();
        let Some(place) = self.returns.get_mut(index) else {
            return Err(Error::invalid("position in the path", format!("{index} of {periods} periods")));
        };
        let before = std::mem::replace(place, value);
        self.set(index, DrawdownSummary::one(value));
        Ok(before)
    }

    /// What the whole path did.
    #[must_use]
    pub fn summary(&self) -> DrawdownSummary {
        self.nodes.get(1).copied().unwrap_or_default()
    }

    /// What a stretch of periods did.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a stretch that is not inside the path.
    pub fn stretch(&self, periods: Range<usize>) -> Result<DrawdownSummary> {
        if periods.start > periods.end || periods.end > self.returns.len() {
            let reason = format!("{} to {} of {} periods", periods.start, periods.end, self.returns.len());
            return Err(Error::invalid("stretch of the path", reason));
        }
        let (mut before, mut after) = (DrawdownSummary::new(), DrawdownSummary::new());
        let (mut low, mut high) = (periods.start + self.leaves(), periods.end + self.leaves());
        while low < high {
            if low % 2 == 1 {
                before.append(&self.nodes[low]);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                let mut joined = self.nodes[high];
                joined.append(&after);
                after = joined;
            }
            (low, high) = (low / 2, high / 2);
        }
        before.append(&after);
        Ok(before)
    }

    fn leaves(&self) -> usize {
        self.nodes.len() / 2
    }

    fn set(&mut self, index: usize, leaf: DrawdownSummary) {
        let mut node = index + self.leaves();
        self.nodes[node] = leaf;
        while node > 1 {
            node /= 2;
            self.nodes[node] = self.joined(node);
        }
    }

    fn joined(&self, node: usize) -> DrawdownSummary {
        let mut whole = self.nodes[2 * node];
        whole.append(&self.nodes[2 * node + 1]);
        whole
    }

    fn rebuild(&mut self) {
        let leaves = self.returns.len().next_power_of_two();
        self.nodes = vec![DrawdownSummary::new(); 2 * leaves];
        for (index, &value) in self.returns.iter().enumerate() {
            self.nodes[leaves + index] = DrawdownSummary::one(value);
        }
        for node in (1..leaves).rev() {
            self.nodes[node] = self.joined(node);
        }
    }
}

fn valid(value: f64) -> Result<()> {
    if value >= -1.0 && value.is_finite() {
        Ok(())
    } else {
        Err(Input::OutOfDomain { name: "return", expected: "finite and at least -1", value }.into())
    }
}

/// The stored form: the returns, checked when they are read back.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Stored(Vec<f64>);

impl TryFrom<Stored> for StreamingPath {
    type Error = Error;

    fn try_from(Stored(returns): Stored) -> Result<Self> {
        Self::of(returns)
    }
}

impl From<StreamingPath> for Stored {
    fn from(path: StreamingPath) -> Self {
        Self(path.returns)
    }
}
