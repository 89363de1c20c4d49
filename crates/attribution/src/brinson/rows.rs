//! Matrices as lists of rows in stored results.

use ndarray::Array2;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(super) fn serialize<S: Serializer>(matrix: &Array2<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(matrix.rows().into_iter().map(|row| row.to_vec()))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Array2<f64>, D::Error> {
    from_rows(&Vec::<Vec<f64>>::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn from_rows(rows: &[Vec<f64>]) -> Result<Array2<f64>, String> {
    let columns = rows.first().map_or(0, Vec::len);
    if let Some(index) = rows.iter().position(|row| row.len() != columns) {
        return Err(format!("row {index} has {} entries, row 0 has {columns}", rows[index].len()));
    }
    Array2::from_shape_vec((rows.len(), columns), rows.concat()).map_err(|error| error.to_string())
}

/// Matrices that may be absent.
pub(super) mod optional {
    use ndarray::Array2;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(in super::super) fn serialize<S: Serializer>(
        matrix: &Option<Array2<f64>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let rows = |matrix: &Array2<f64>| matrix.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>();
        matrix.as_ref().map(rows).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Array2<f64>>, D::Error> {
        let rows = Option::<Vec<Vec<f64>>>::deserialize(deserializer)?;
        rows.map(|rows| super::from_rows(&rows)).transpose().map_err(D::Error::custom)
    }
}
