//! Arrays as nested lists in stored results, instead of ndarray's own `{"v", "dim", "data"}`, for `#[serde(with = "…")]`.

/// Matrices as lists of rows.
pub mod matrix {
    use ndarray::Array2;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes the rows.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(matrix: &Array2<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(matrix.rows().into_iter().map(|row| row.to_vec()))
    }

    /// Reads the rows.
    ///
    /// # Errors
    /// Those of the deserializer, and one for rows that differ in length.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Array2<f64>, D::Error> {
        from_rows(&Vec::deserialize(deserializer)?).map_err(D::Error::custom)
    }

    pub(super) fn from_rows(rows: &[Vec<f64>]) -> Result<Array2<f64>, String> {
        let columns = rows.first().map_or(0, Vec::len);
        if let Some(index) = rows.iter().position(|row| row.len() != columns) {
            return Err(format!("row {index} has {} entries, row 0 has {columns}", rows[index].len()));
        }
        Array2::from_shape_vec((rows.len(), columns), rows.concat()).map_err(|error| error.to_string())
    }
}

/// Matrices that may be absent, as lists of rows.
pub mod optional_matrix {
    use ndarray::Array2;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    /// Writes the rows, or nothing.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(matrix: &Option<Array2<f64>>, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = |matrix: &Array2<f64>| matrix.rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>();
        matrix.as_ref().map(rows).serialize(serializer)
    }

    /// Reads the rows, or nothing.
    ///
    /// # Errors
    /// As [`matrix::deserialize`](super::matrix::deserialize).
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Array2<f64>>, D::Error> {
        let rows = Option::<Vec<Vec<f64>>>::deserialize(deserializer)?;
        rows.map(|rows| super::matrix::from_rows(&rows)).transpose().map_err(D::Error::custom)
    }
}

/// Optional vectors as lists.
pub mod optional_vector {
    use ndarray::Array1;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the vector, or nothing.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(vector: &Option<Array1<f64>>, serializer: S) -> Result<S::Ok, S::Error> {
        vector.as_ref().map(|v| v.to_vec()).serialize(serializer)
    }

    /// Reads the vector, or nothing.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Array1<f64>>, D::Error> {
        Ok(Option::<Vec<f64>>::deserialize(deserializer)?.map(Array1::from))
    }
}
