//! Private keys and secrets in the data folder: made once, read ever after, by nobody else.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Only the owner reads and writes.
const OWNER_ONLY: u32 = 0o600;

/// A key's file can neither be read nor made.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file system refused.
    #[error("the key {} cannot be opened or made", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// No key came out of the machine's source of randomness.
    #[error("no key could be made")]
    NoKey,
}

/// A new Ed25519 key, as PKCS#8 in PEM.
pub fn generate() -> Result<String, KeyFileError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyFileError::NoKey)?;
    let document = pair.to_pkcs8v1().map_err(|_| KeyFileError::NoKey)?;
    let body = STANDARD.encode(document.as_ref());
    let label = "PRIVATE KEY";
    Ok(format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"))
}

/// A new secret of 32 random bytes, in base64.
pub fn generate_secret() -> Result<String, KeyFileError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| KeyFileError::NoKey)?;
    Ok(STANDARD.encode(bytes))
}

/// The key in a file, which is made if there is none.
///
/// Of several processes that find no file, one makes it and all read the same key. A file is
/// there whole or not at all.
pub fn open_or_create(
    path: &Path,
    generate: fn() -> Result<String, KeyFileError>,
) -> Result<String, KeyFileError> {
    let failed = |source| KeyFileError::Io { path: path.to_owned(), source };
    match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read.map_err(failed),
    }
    place(path, &generate()?).map_err(failed)?;
    fs::read_to_string(path).map_err(failed)
}

/// Writes beside the path, then links into place unless somebody was faster.
fn place(path: &Path, text: &str) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let unique = format!("{}.{}.new", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let beside = path.with_extension(unique);
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(OWNER_ONLY).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = match fs::hard_link(&beside, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    };
    fs::remove_file(&beside)?;
    linked?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("credentials.pem");
        let made = open_or_create(&path, generate).expect("made");
        assert_eq!(open_or_create(&path, generate).expect("read"), made);
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, OWNER_ONLY);
        assert!(functions::signing::Signer::from_pem(&made).is_ok());
    }

    #[test]
    fn many_at_once_get_the_same_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("credentials.pem");
        let keys: BTreeSet<_> = thread::scope(|scope| {
            let open = || scope.spawn(|| open_or_create(&path, generate).expect("a key"));
            let threads: Vec<_> = (0..8).map(|_| open()).collect();
            threads.into_iter().map(|thread| thread.join().expect("joined")).collect()
        });
        assert_eq!(keys.len(), 1);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let [one, other] = [generate_secret(), generate_secret()].map(|made| made.expect("a secret"));
        assert!(one.len() >= 43 && one != other);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("missing/key.pem");
        let refused = open_or_create(&path, generate).expect_err("no folder").to_string();
        assert!(refused.contains("missing/key.pem"), "{refused}");
    }
}
