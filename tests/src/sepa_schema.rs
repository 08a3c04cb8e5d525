//! The official schemas of banks' files, which the PyPI package `sepaxml` ships.

use std::path::Path;
use std::process::Command;

/// Reads a file's text from the second argument and holds it against the schema that the first names.
const VALIDATE: &str = "
import sys
from sepaxml.validation import ValidationError, try_valid_xml
try:
    try_valid_xml(open(sys.argv[2], 'rb').read(), sys.argv[1])
    print('valid')
except ValidationError:
    print('invalid')
";

/// Whether a file's text is valid by a schema, such as `pain.008.001.08`.
pub fn is_valid(text: &str, schema: &str) -> bool {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/venv/bin/python");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file.xml");
    std::fs::write(&file, text).expect("written");
    let ran = Command::new(python).args(["-c", VALIDATE, schema]).arg(file).output();
    let ran = ran.expect("Python is not installed: run `make tools`, then test again");
    let said = String::from_utf8_lossy(&ran.stdout);
    match said.trim() {
        "valid" => true,
        "invalid" => false,
        _ => panic!(
            "sepaxml gave no verdict (if it is not installed, run `make tools`): {}",
            String::from_utf8_lossy(&ran.stderr)
        ),
    }
}
