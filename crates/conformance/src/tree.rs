//! The values that cases hold and calls return: JSON without null and without repeated names.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array1, Array2};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number, a word, a truth value, a list or named fields.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// A number. From a case it is finite; from a call it may be anything.
    Number(f64),
    /// A truth value.
    Bool(bool),
    /// A word.
    Text(String),
    /// A vector, or a matrix as a list of rows.
    List(Vec<Tree>),
    /// Named fields.
    Fields(BTreeMap<String, Tree>),
}

impl Tree {
    /// Named fields from pairs; of a name given twice the later value stays.
    #[must_use]
    pub fn fields<'a>(pairs: impl IntoIterator<Item = (&'a str, Tree)>) -> Self {
        Self::Fields(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// What sort of value this is, in words.
    #[must_use]
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Bool(_) => "a truth value",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Fields(_) => "an object",
        }
    }
}

impl fmt::Display for Tree {
    /// The value as JSON; a number that JSON cannot hold is written as a text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) if number.is_finite() => serializer.serialize_f64(*number),
            Self::Number(number) => serializer.collect_str(number),
            Self::Bool(truth) => serializer.serialize_bool(*truth),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Fields(fields) => serializer.collect_map(fields),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, text, truth value, list or object")
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Tree>()? {
            // A map that silently kept the last of two values would run another case than the one written.
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the name {name:?} occurs twice in one object")));
            }
            fields.insert(name, value);
        }
        Ok(Tree::Fields(fields))
    }
}

impl From<f64> for Tree {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Tree {
    fn from(count: usize) -> Self {
        Self::Number(count as f64)
    }
}

impl From<bool> for Tree {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Tree>> From<Vec<T>> for Tree {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl From<Array1<f64>> for Tree {
    fn from(vector: Array1<f64>) -> Self {
        vector.to_vec().into()
    }
}

impl From<Array2<f64>> for Tree {
    fn from(matrix: Array2<f64>) -> Self {
        Self::List(matrix.rows().into_iter().map(|row| row.to_vec().into()).collect())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn read(json: &str) -> Result<Tree, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn json_becomes_a_tree_and_back() {
        let json = r#"{"a":[1.0,-2.5],"b":true,"c":"word","d":{"e":[]}}"#;
        assert_eq!(read(json).unwrap().to_string(), json);
        assert_eq!(read("-3").unwrap(), Tree::Number(-3.0));
    }

    #[test]
    fn numbers_are_read_to_the_last_bit() {
        assert_eq!(read("0.000011916534463333").unwrap(), Tree::Number(0.000_011_916_534_463_333));
        assert_eq!(read("9007199254740993.1").unwrap(), Tree::Number(9_007_199_254_740_993.1));
    }

    #[test]
    fn null_repeated_names_and_overflow_are_refused() {
        for json in ["null", "[1,null]", r#"{"a":null}"#, r#"{"a":1,"a":1}"#, "1e999", "NaN"] {
            assert!(read(json).is_err(), "{json}");
        }
        assert!(read(r#"{"a":1,"a":2}"#).unwrap_err().to_string().contains("\"a\" occurs twice"));
    }

    #[test]
    fn arrays_keep_their_shape() {
        assert_eq!(Tree::from(array![1.0, 2.0]).to_string(), "[1.0,2.0]");
        assert_eq!(Tree::from(array![[1.0, 2.0], [3.0, 4.0]].reversed_axes()).to_string(), "[[1.0,3.0],[2.0,4.0]]");
        assert_eq!(Tree::from(vec!["x"]).to_string(), r#"["x"]"#);
        assert_eq!(Tree::fields([("n", 3_usize.into()), ("b", true.into())]).to_string(), r#"{"b":true,"n":3.0}"#);
    }

    #[test]
    fn what_json_cannot_hold_is_written_as_text() {
        assert_eq!(Tree::from(vec![f64::NAN, f64::NEG_INFINITY]).to_string(), r#"["NaN","-inf"]"#);
    }

    #[test]
    fn sorts_are_named() {
        let sorts = ["1", "true", "\"x\"", "[]", "{}"].map(|json| read(json).unwrap().sort());
        assert_eq!(sorts, ["a number", "a truth value", "a text", "a list", "an object"]);
    }
}
