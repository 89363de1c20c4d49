//! Arrays as nested lists in stored results, instead of ndarray's own `{"v", "dim", "data"}`.

/// Matrices as lists of rows.
pub(crate) mod matrix {
    use ndarray::Array2;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(matrix: &Array2<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(matrix.rows().into_iter().map(|row| row.to_vec()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Array2<f64>, D::Error> {
        let rows = Vec::<Vec<f64>>::deserialize(deserializer)?;
        let columns = rows.first().map_or(0, Vec::len);
        if let Some(index) = rows.iter().position(|row| row.len() != columns) {
            return Err(D::Error::custom(format!("row {index} has another length than row 0")));
        }
        let shape = (rows.len(), columns);
        Array2::from_shape_vec(shape, rows.concat()).map_err(D::Error::custom)
    }
}

/// Optional vectors as lists.
pub(crate) mod optional_vector {
    use ndarray::Array1;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(vector: &Option<Array1<f64>>, serializer: S) -> Result<S::Ok, S::Error> {
        vector.as_ref().map(|v| v.to_vec()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Array1<f64>>, D::Error> {
        Ok(Option::<Vec<f64>>::deserialize(deserializer)?.map(Array1::from))
    }
}
