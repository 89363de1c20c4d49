//! A progress bar on the error stream, shown only when the work outlasts a second.

use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

/// Steps of a job, of which a person sees a bar once the job has taken a second.
#[derive(Debug)]
pub struct Progress {
    steps: usize,
    done: usize,
    started: Instant,
    drawn: bool,
}

impl Progress {
    /// A job of so many steps.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self { steps, done: 0, started: Instant::now(), drawn: false }
    }

    /// Begins a step.
    pub fn step(&mut self, what: &str) {
        if self.started.elapsed().as_secs() >= 1 && std::io::stderr().is_terminal() {
            let filled = 30 * self.done / self.steps.max(1);
            let bar: String = (0..30).map(|i| if i < filled { '█' } else { '░' }).collect();
            // A bar that cannot be drawn is no reason to stop.
            let _ = write!(std::io::stderr(), "\r{bar} {}/{} {what:<40}", self.done, self.steps);
            self.drawn = true;
        }
        self.done += 1;
    }

    /// Wipes the bar.
    pub fn finish(self) {
        if self.drawn {
            let _ = write!(std::io::stderr(), "\r{:80}\r", "");
        }
    }
}
