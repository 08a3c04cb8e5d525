//! The name a file had on its owner's machine, made safe to show and to save under.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most characters of a file's name that are kept.
pub const FILE_NAME_CHARS_MAX: usize = 120;

/// A file's name: no path, no control characters, nothing that turns the reading direction.
///
/// It is only ever shown and suggested for saving; where the bytes lie is said by the
/// [`UploadKey`](super::UploadKey), in which it has no part.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// What is safe of a name that a client sent; `file` if nothing is.
    pub fn sanitized(text: &str) -> Self {
        let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let safe = String::from_iter(last.chars().filter(|c| !is_unsafe(*c)));
        let name = shortened(safe.trim_matches([' ', '.']));
        Self(if name.is_empty() { "file".to_owned() } else { name })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, what Windows forbids, and the marks that reorder text (Unicode TR 9).
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*')
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most [`FILE_NAME_CHARS_MAX`] characters, taken from before the extension.
fn shortened(name: &str) -> String {
    let chars = name.chars().count();
    if chars <= FILE_NAME_CHARS_MAX {
        return name.to_owned();
    }
    let extension = name.rfind('.').map(|dot| &name[dot..]).filter(|end| end.chars().count() <= 16);
    let extension = extension.unwrap_or_default();
    let kept = FILE_NAME_CHARS_MAX - extension.chars().count();
    let stem = String::from_iter(name.chars().take(kept));
    format!("{}{extension}", stem.trim_end_matches([' ', '.']))
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<String> for FileName {
    fn from(text: String) -> Self {
        Self::sanitized(&text)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_is_safe_of_a_name_is_kept() {
        let check = |text: &str, kept: &str| assert_eq!(FileName::sanitized(text).as_str(), kept);
        check("site.zip", "site.zip");
        check("Présentation finale.pdf", "Présentation finale.pdf");
        check("../../etc/passwd", "passwd");
        check("C:\\work\\site.zip", "site.zip");
        check("a\r\nb\u{0}.zip", "ab.zip");
        check("harmless\u{202e}gpj.exe", "harmlessgpj.exe");
        check("a\"; filename=\"b.html", "a; filename=b.html");
        check("..", "file");
        check("", "file");
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let name = FileName::sanitized(&format!("{}.webm", "é".repeat(500)));
        assert_eq!(name.as_str().chars().count(), FILE_NAME_CHARS_MAX);
        assert!(name.as_str().ends_with("é.webm"));
    }

    proptest! {
        #[test]
        fn a_safe_name_stays_as_it_is(text in ".{0,300}") {
            let once = FileName::sanitized(&text);
            prop_assert!(once.as_str().chars().count() <= FILE_NAME_CHARS_MAX);
            prop_assert_eq!(FileName::sanitized(once.as_str()), once);
        }
    }
}
