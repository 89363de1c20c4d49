//! Timing by the peers' protocol, and the file it ends in.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use serde_json::{Map, Value, json};

/// Anything that went wrong, in words.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Seconds of repeats per case.
const BUDGET: f64 = 4.0;

/// Fewest and most repeats.
const REPEATS: (usize, usize) = (5, 200);

/// The rows of a run.
#[derive(Debug, Default)]
pub(crate) struct Record {
    rows: Vec<Value>,
}

impl Record {
    /// Times `work`, first cold and then warm, and keeps what it answered.
    pub(crate) fn case<T>(
        &mut self,
        name: &str,
        mut work: impl FnMut() -> Result<T>,
        answer: impl FnOnce(&T) -> Map<String, Value>,
    ) -> Result<()> {
        let start = Instant::now();
        let first = black_box(work()?);
        let cold = start.elapsed().as_secs_f64();
        let mut times: Vec<f64> = Vec::new();
        let before = on_processor();
        while times.len() < REPEATS.1 && (times.len() < REPEATS.0 || times.iter().sum::<f64>() < BUDGET) {
            let start = Instant::now();
            black_box(work()?);
            times.push(start.elapsed().as_secs_f64());
        }
        let on_processor = before.zip(on_processor()).map(|(before, after)| (after - before) / times.len() as f64);
        self.rows.push(json!({
            "case": name, "times_s": times, "cold_s": cold, "cpu_mean_s": on_processor, "threads": 1,
            "answer": answer(&first),
        }));
        Ok(())
    }

    /// Says something about the last case.
    pub(crate) fn note(&mut self, words: &str) {
        if let Some(row) = self.rows.last_mut() {
            row["notes"] = json!(words);
        }
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        std::fs::write(path, serde_json::to_string(&json!({ "rows": self.rows }))?)?;
        Ok(())
    }
}

/// Seconds that this thread has been on a processor, where the system tells: on a shared machine a case longer than a
/// time slice takes longer than that.
fn on_processor() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds * 1e-9)
}

/// A vector as the peers store it: whole when short, otherwise its digest.
pub(crate) fn digest(values: &[f64]) -> Value {
    if values.len() <= 64 {
        return json!(values);
    }
    let fold = |start, f: fn(f64, f64) -> f64| values.iter().copied().fold(start, f);
    json!({
        "shape": [values.len()],
        "sum": values.iter().sum::<f64>(),
        "l2": values.iter().map(|v| v * v).sum::<f64>().sqrt(),
        "min": fold(f64::INFINITY, f64::min),
        "max": fold(f64::NEG_INFINITY, f64::max),
        "head": values[..8],
        "tail": values[values.len() - 4..],
    })
}
