//! Files that the programs write.

use std::path::Path;

use crate::{Failure, Result};

/// Writes a file, with the folders it lies in.
///
/// # Errors
/// One sentence that names the file or folder.
pub fn save(path: &Path, text: &str) -> Result<()> {
    let in_file = |path: &Path, error| Failure::in_file(&path.display().to_string(), error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| in_file(folder, error))?;
    }
    std::fs::write(path, text).map_err(|error| in_file(path, error))
}
