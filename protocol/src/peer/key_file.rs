//! The file that holds a peer's secret key, and with it the peer's identity.
//! Losing it means enrolling again, so it is written once and never replaced.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use libp2p::identity::Keypair;

use crate::error::ProtocolError;
use crate::limits::KEY_FILE_BYTES_MAX;

/// Reads the key in `path`; if there is no such file, makes an Ed25519 key and
/// writes it durably, readable by its owner alone. Blocks.
///
/// # Errors
/// [`ProtocolError::KeyFile`] if the file can't be read or written, or holds
/// something else than a key. A file that is there is never changed.
pub fn load_or_create(path: &Path) -> Result<Keypair, ProtocolError> {
    match File::open(path) {
        Ok(file) => load(path, file),
        Err(error) if error.kind() == ErrorKind::NotFound => create(path),
        Err(error) => Err(failed(path, &error)),
    }
}

fn load(path: &Path, file: File) -> Result<Keypair, ProtocolError> {
    let mut bytes = Vec::new();
    file.take(KEY_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| failed(path, &error))?;
    let key = Keypair::from_protobuf_encoding(&bytes).map_err(|_| damaged(path))?;
    warn_if_others_can_read(path);
    Ok(key)
}

/// Writes the key beside `path` and moves it there whole, so that a power cut
/// leaves either no key file or a good one.
fn create(path: &Path) -> Result<Keypair, ProtocolError> {
    let key = Keypair::generate_ed25519();
    let bytes = key.to_protobuf_encoding().map_err(|error| failed(path, &error))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // `tempfile` opens it with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(path, &error))?;
    file.write_all(&bytes).map_err(|error| failed(path, &error))?;
    file.as_file().sync_all().map_err(|error| failed(path, &error))?;
    match file.persist_noclobber(path) {
        Ok(_) => {}
        // Another process was quicker: its key is the peer's key.
        Err(lost) if lost.error.kind() == ErrorKind::AlreadyExists => return load_or_create(path),
        Err(lost) => return Err(failed(path, &lost.error)),
    }
    sync_folder(folder).map_err(|error| failed(path, &error))?;
    Ok(key)
}

/// Makes the new name durable. Folders can't be opened for this on Windows.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map(|data| data.permissions().mode()).unwrap_or(0);
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others may read the key file; chmod 600 it");
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &Path) {}

fn damaged(path: &Path) -> ProtocolError {
    ProtocolError::KeyFile {
        path: path.display().to_string(),
        reason: "it holds no key. Put a copy from your backup in its place; or move it away, \
                 to start as a new peer and enrol again"
            .to_owned(),
    }
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> ProtocolError {
    ProtocolError::KeyFile { path: path.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_ever_after() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.key");
        let made = load_or_create(&path).unwrap();
        let read = load_or_create(&path).unwrap();
        assert_eq!(made.public(), read.public());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.key");
        load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_said_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.key");
        for bytes in [&b""[..], b"not a key", &[0; 5_000]] {
            fs::write(&path, bytes).unwrap();
            let error = load_or_create(&path).unwrap_err().to_string();
            assert!(error.contains("peer.key") && error.contains("backup"), "{error}");
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
    }

    #[test]
    fn many_starts_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.key");
        let starts: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn({
                    let path = path.clone();
                    move || load_or_create(&path).unwrap().public()
                })
            })
            .collect();
        let keys: std::collections::HashSet<_> =
            starts.into_iter().map(|start| start.join().unwrap().to_peer_id()).collect();
        assert_eq!(keys.len(), 1);
    }

    #[test]
    fn a_missing_folder_is_an_error_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let error = load_or_create(&folder.path().join("none/peer.key")).unwrap_err();
        assert!(matches!(error, ProtocolError::KeyFile { .. }));
    }
}
