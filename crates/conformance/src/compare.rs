//! Compares what a call returned with what the case expects.

use crate::case::Tolerance;
use crate::tree::Tree;

/// The first place where two values differ, and how many places do.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The path to the place, such as `covariance[3][4]`; empty for the value itself.
    pub path: String,
    /// What was returned there.
    pub got: String,
    /// What was expected there.
    pub want: String,
    /// Numbers, words, truth values and shapes that differ.
    pub count: usize,
}

/// The difference between two values, or none when every number is within the tolerance and the rest equal.
///
/// An object in `want` lists the fields to compare; others in `got` are ignored. A number passes when both
/// are finite and `|got − want| ≤ abs + rel · |want|`, so NaN never does. Texts and truth values are
/// compared exactly, lists element by element.
#[must_use]
pub fn difference(got: &Tree, want: &Tree, tolerance: Tolerance) -> Option<Difference> {
    let mut walk = Walk { tolerance, first: None };
    walk.visit(String::new(), got, want);
    walk.first
}

struct Walk {
    tolerance: Tolerance,
    first: Option<Difference>,
}

impl Walk {
    fn visit(&mut self, path: String, got: &Tree, want: &Tree) {
        match (got, want) {
            (Tree::Number(got), Tree::Number(want)) if close(*got, *want, self.tolerance) => {}
            (Tree::List(got), Tree::List(want)) if got.len() == want.len() => {
                for (index, (got, want)) in got.iter().zip(want).enumerate() {
                    self.visit(format!("{path}[{index}]"), got, want);
                }
            }
            (Tree::List(got), Tree::List(want)) => {
                self.note(path, format!("{} elements", got.len()), format!("{} elements", want.len()));
            }
            (Tree::Fields(got), Tree::Fields(want)) => {
                for (name, want) in want {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    match got.get(name) {
                        Some(got) => self.visit(path, got, want),
                        None => self.note(path, "no such field".to_owned(), want.to_string()),
                    }
                }
            }
            (Tree::Text(got), Tree::Text(want)) if got == want => {}
            (Tree::Bool(got), Tree::Bool(want)) if got == want => {}
            _ => self.note(path, got.to_string(), want.to_string()),
        }
    }

    fn note(&mut self, path: String, got: String, want: String) {
        match &mut self.first {
            Some(first) => first.count += 1,
            None => self.first = Some(Difference { path, got, want, count: 1 }),
        }
    }
}

fn close(got: f64, want: f64, tolerance: Tolerance) -> bool {
    // A product that overflows would let an infinite `got` pass.
    got.is_finite() && (got - want).abs() <= tolerance.abs + tolerance.rel * want.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: Tolerance = Tolerance { rel: 0.0, abs: 0.0 };

    fn tree(json: &str) -> Tree {
        serde_json::from_str(json).unwrap()
    }

    fn differ(got: &str, want: &str, tolerance: Tolerance) -> Option<(String, String, String, usize)> {
        difference(&tree(got), &tree(want), tolerance).map(|d| (d.path, d.got, d.want, d.count))
    }

    #[test]
    fn both_parts_of_the_tolerance_count_and_the_bound_itself_passes() {
        let both = Tolerance { rel: 0.25, abs: 0.5 };
        assert_eq!(differ("5.5", "4.0", both), None); // 0.5 + 0.25 · 4 = 1.5
        assert_eq!(differ("2.5", "4.0", both), None);
        assert!(differ("5.500001", "4.0", both).is_some());
        assert_eq!(differ("-5.5", "-4.0", both), None);
        assert!(differ("-2.499", "-4.0", both).is_some());
        assert_eq!(differ("0.5", "0.0", both), None);
        assert!(differ("4.0000000000000009", "4", EXACT).is_some());
    }

    #[test]
    fn the_relative_part_is_of_the_expected_value() {
        let relative = Tolerance { rel: 0.1, abs: 0.0 };
        assert!(differ("1.11", "1.0", relative).is_some()); // within 10 % of 1.11, not of 1
        assert_eq!(differ("1.0", "1.11", relative), None);
    }

    #[test]
    fn nan_and_infinity_never_pass() {
        let huge = Tolerance { rel: 1e300, abs: 1e300 };
        for got in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for want in [0.0, 1e300] {
                assert!(difference(&Tree::Number(got), &Tree::Number(want), huge).is_some(), "{got} {want}");
            }
        }
        let got = Tree::List(vec![Tree::Number(1.0), Tree::Number(f64::NAN)]);
        assert_eq!(difference(&got, &tree("[1.0, 2.0]"), huge).unwrap().got, r#""NaN""#);
    }

    #[test]
    fn only_listed_fields_are_compared() {
        assert_eq!(differ(r#"{"a":1,"b":2}"#, r#"{"a":1}"#, EXACT), None);
        let missing = differ(r#"{"a":1}"#, r#"{"a":1,"b":[2]}"#, EXACT).unwrap();
        assert_eq!(missing, ("b".into(), "no such field".into(), "[2.0]".into(), 1));
    }

    #[test]
    fn the_first_difference_is_named_and_the_rest_counted() {
        let found = differ(r#"{"m":{"c":[[1,2],[3,4]]}}"#, r#"{"m":{"c":[[1,0],[0,4]]}}"#, EXACT).unwrap();
        assert_eq!(found, ("m.c[0][1]".into(), "2.0".into(), "0.0".into(), 2));
    }

    #[test]
    fn shapes_and_sorts_must_agree() {
        let lengths = differ("[1,2,3]", "[1,2]", EXACT).unwrap();
        assert_eq!((lengths.1.as_str(), lengths.2.as_str()), ("3 elements", "2 elements"));
        for (got, want) in
            [("[1]", "1"), ("1", "[1]"), ("1", "true"), ("\"1\"", "1"), ("{\"a\":1}", "1"), ("[]", "[1]")]
        {
            assert!(differ(got, want, EXACT).is_some(), "{got} {want}");
        }
    }

    #[test]
    fn words_and_truth_values_are_exact() {
        let loose = Tolerance { rel: 1.0, abs: 10.0 };
        assert_eq!(differ("\"red\"", "\"red\"", loose), None);
        assert!(differ("\"Red\"", "\"red\"", loose).is_some());
        assert_eq!(differ("true", "true", loose), None);
        assert!(differ("true", "false", loose).is_some());
    }
}
