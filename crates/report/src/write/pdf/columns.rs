//! How wide the columns of a table are.

/// Space between columns.
pub(super) const GUTTER: f64 = 10.0;
/// Sizes of text, the best first.
const SIZES: [f64; 6] = [8.5, 8.0, 7.5, 7.0, 6.5, 6.0];
/// The most that a single word can claim of the width; longer ones are broken.
const WORD_SHARE: f64 = 0.34;
/// What a column of words has at least, in units of the font size, where it has so many words.
const COMFORT: f64 = 9.0;

/// What a column needs, in units of the font size.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Need {
    /// Its longest word.
    pub(super) word: f64,
    /// Its longest line.
    pub(super) line: f64,
}

impl Need {
    pub(super) fn and(self, other: Self) -> Self {
        Self { word: self.word.max(other.word), line: self.line.max(other.line) }
    }
}

/// Columns beside one another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// Their numbers.
    pub(super) columns: Vec<usize>,
    /// Their widths.
    pub(super) widths: Vec<f64>,
}

/// A size of text and the groups that the columns fall into: one where they fit beside one another at some size, and
/// otherwise several, each with the first column, which names the rows.
pub(super) fn fitted(needs: &[Need], room: f64) -> (f64, Vec<Group>) {
    let all: Vec<usize> = (0..needs.len()).collect();
    for size in SIZES {
        if let Some(widths) = widths(needs, size, room) {
            return (size, vec![Group { columns: all, widths }]);
        }
    }
    let size = SIZES[2];
    let mut groups = Vec::new();
    let mut rest = all.get(1..).unwrap_or_default();
    while !rest.is_empty() {
        let pick = |count: usize| -> (Vec<usize>, Option<Vec<f64>>) {
            let columns: Vec<usize> = std::iter::once(0).chain(rest.iter().take(count).copied()).collect();
            let chosen: Vec<Need> = columns.iter().map(|column| needs[*column]).collect();
            let widths = widths(&chosen, size, room);
            (columns, widths)
        };
        // Two columns always fit: neither claims more than its share.
        let count = (1..=rest.len()).take_while(|count| pick(*count).1.is_some()).last().unwrap_or(1);
        let (columns, widths) = pick(count);
        let widths = widths.unwrap_or_else(|| vec![(room - GUTTER) / 2.0; columns.len()]);
        groups.push(Group { columns, widths });
        rest = &rest[count..];
    }
    (size, groups)
}

/// Widths at one size: whole lines where there is room, and otherwise at least whole words.
fn widths(needs: &[Need], size: f64, room: f64) -> Option<Vec<f64>> {
    let room = room - GUTTER * (needs.len() as f64 - 1.0).max(0.0);
    let full: Vec<f64> = needs.iter().map(|need| need.line * size).collect();
    let total: f64 = full.iter().sum();
    if total <= room {
        // A small table stays small; a wider one is as wide as the text.
        let spare = if total < 0.5 * room { 0.0 } else { room - total };
        let others = (needs.len() as f64 - 1.0).max(1.0);
        let alone = needs.len() == 1;
        return Some(
            full.iter()
                .enumerate()
                .map(|(column, width)| width + if column > 0 || alone { spare / others } else { 0.0 })
                .collect(),
        );
    }
    let least: Vec<f64> = needs
        .iter()
        .map(|need| {
            (need.word * size).min(WORD_SHARE * room).max((need.line.min(COMFORT) * size).min(WORD_SHARE * room))
        })
        .collect();
    let claimed: f64 = least.iter().sum();
    if claimed > room {
        return None;
    }
    let wanted: f64 = full.iter().zip(&least).map(|(full, least)| full - least).sum();
    let share = (room - claimed) / wanted.max(f64::MIN_POSITIVE);
    Some(full.iter().zip(&least).map(|(full, least)| least + (full - least) * share.min(1.0)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Every column stands in a group, no group is wider than the room, and the first column leads each.
        #[test]
        fn groups_hold_all_columns_within_the_room(
            sizes in prop::collection::vec((0.0_f64..40.0, 0.0_f64..400.0), 1..60),
        ) {
            let needs: Vec<Need> = sizes.iter().map(|(word, more)| Need { word: *word, line: word + more }).collect();
            let (size, groups) = fitted(&needs, 498.0);
            prop_assert!((6.0..=8.5).contains(&size));
            let mut seen = vec![0];
            for group in &groups {
                prop_assert_eq!(group.columns.first(), Some(&0));
                prop_assert_eq!(group.columns.len(), group.widths.len());
                seen.extend(group.columns.iter().skip(1));
                let wide: f64 = group.widths.iter().sum::<f64>() + GUTTER * (group.widths.len() as f64 - 1.0);
                prop_assert!(wide <= 498.0 + 1e-9, "{}", wide);
            }
            prop_assert_eq!(seen, (0..needs.len()).collect::<Vec<_>>());
        }
    }
}
