//! Whose data a folder holds. Each role has a folder of its own: two in one would share
//! its lock, and a copy of the one would be a copy of the other.

use std::path::Path;

use anyhow::{Result, bail};

/// The roles, and the file by which the data folder of each is known.
pub const MARKS: [(&str, &str); 3] = [("host", "host.key"), ("photographer", "catalogue.db"), ("lab", "lab.db")];

/// Looks that `folder` is not another role's, before anything is written there. One that
/// already has this role's data, as older versions left it, goes on as it is.
///
/// # Errors
/// When it is, with the role that it belongs to.
pub fn check_is_not_of_another(role: &str, folder: &Path) -> Result<()> {
    let has = |mark: &str| folder.join(mark).is_file();
    if MARKS.iter().any(|(own, mark)| *own == role && has(mark)) {
        return Ok(());
    }
    let Some((other, _)) = MARKS.iter().find(|(_, mark)| has(mark)) else { return Ok(()) };
    bail!(
        "The folder {} holds the data of a {other}, and a {role} needs a folder of its own: give another with --data. \
         Nothing was written there",
        folder.display()
    )
}

/// Says that a role begins in a folder where there was none, which may be mistyped. On standard
/// error: scripts read the answer alone.
pub fn say_if_it_begins(role: &str, folder: &Path) {
    if !MARKS.iter().any(|(own, mark)| *own == role && folder.join(mark).is_file()) {
        eprintln!(
            "enprint: A {role} begins in {}: there was none. Another folder is said with --data.",
            folder.display()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_started_in_another_s_folder_is_refused_and_one_in_its_own_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for (role, _) in MARKS {
            check_is_not_of_another(role, folder.path()).unwrap();
        }
        std::fs::write(folder.path().join("catalogue.db"), "x").unwrap();
        check_is_not_of_another("photographer", folder.path()).unwrap();
        for role in ["host", "lab"] {
            let refused = check_is_not_of_another(role, folder.path()).unwrap_err().to_string();
            assert!(refused.contains("the data of a photographer") && refused.contains("--data"), "{refused}");
        }
        // What an older version mixed still opens.
        std::fs::write(folder.path().join("host.key"), "x").unwrap();
        check_is_not_of_another("host", folder.path()).unwrap();
    }
}
