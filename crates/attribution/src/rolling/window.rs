//! Every window from merges alone.

/// Something that sums up consecutive periods.
pub(super) trait Summary: Clone {
    /// Appends the periods that follow.
    fn append(&mut self, later: &Self);
}

/// Calls `take` with the summary of every window of `window` items, in order.
///
/// Blocks of `window` items are summed up from behind once they are complete, and the current one from the front: a
/// window is the end of one block and the start of the next.
pub(super) fn each_window<S: Summary>(
    items: usize,
    window: usize,
    item: impl Fn(usize) -> S,
    mut take: impl FnMut(usize, &S),
) {
    let mut ends: Vec<S> = Vec::with_capacity(window);
    let mut front: Option<S> = None;
    for end in 0..items {
        let within = end % window;
        let next = item(end);
        match &mut front {
            Some(front) if within > 0 => front.append(&next),
            _ => front = Some(next),
        }
        let Some(current) = &front else { continue };
        if within == window - 1 {
            take(end, current);
            // Backwards over the block that just ended.
            ends.clear();
            let mut back = item(end);
            ends.push(back.clone());
            for index in (end + 1 - window..end).rev() {
                let mut longer = item(index);
                longer.append(&back);
                back = longer;
                ends.push(back.clone());
            }
        } else if end >= window {
            // The window takes `window − 1 − within` items from the block before.
            let mut whole = ends[window - 2 - within].clone();
            whole.append(current);
            take(end, &whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Summary for Vec<usize> {
        fn append(&mut self, later: &Self) {
            self.extend(later);
        }
    }

    #[test]
    fn windows_are_the_windows() {
        for items in 0..20 {
            for window in 1..=items {
                let mut got = Vec::new();
                each_window(items, window, |i| vec![i], |end, whole: &Vec<usize>| got.push((end, whole.clone())));
                let want: Vec<_> = (window - 1..items).map(|end| (end, (end + 1 - window..=end).collect())).collect();
                assert_eq!(got, want, "{items} {window}");
            }
        }
    }
}
