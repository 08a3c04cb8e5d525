//! Languages, and how well somebody speaks them.

use serde::{Deserialize, Serialize};

/// How well a language is spoken, by the Common European Framework of Reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the framework's own names
pub enum Level {
    A1,
    A2,
    B1,
    B2,
    C1,
    C2,
}

/// A language that somebody speaks. A bare code, such as `"en"`, is one spoken like a mother tongue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Spoken {
    /// BCP 47 code.
    pub language: String,
    /// How well.
    pub level: Level,
}

impl Spoken {
    /// A language spoken like a mother tongue.
    pub fn well(language: impl Into<String>) -> Self {
        Self { language: language.into(), level: Level::C2 }
    }
}

/// How a language is written down: most people write a code alone.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a code such as \"en\", or {\"language\": \"en\", \"level\": \"b2\"}")]
enum Written {
    Bare(String),
    Levelled(Levelled),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Levelled {
    language: String,
    level: Level,
}

impl From<Written> for Spoken {
    fn from(written: Written) -> Self {
        match written {
            Written::Bare(language) => Self::well(language),
            Written::Levelled(Levelled { language, level }) => Self { language, level },
        }
    }
}

impl From<Spoken> for Written {
    fn from(Spoken { language, level }: Spoken) -> Self {
        match level {
            Level::C2 => Self::Bare(language),
            _ => Self::Levelled(Levelled { language, level }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_code_is_a_mother_tongue() {
        let read = |text: &str| serde_json::from_str::<Spoken>(text).map_err(|error| error.to_string());
        assert_eq!(read(r#""en""#), Ok(Spoken::well("en")));
        let french = Spoken { language: "fr".into(), level: Level::B2 };
        assert_eq!(read(r#"{"language": "fr", "level": "b2"}"#), Ok(french.clone()));
        for odd in [
            r#"{"language": "fr"}"#,
            r#"{"language": "fr", "level": "B2"}"#,
            "1",
            r#"{"language":"fr","level":"b2","x":1}"#,
        ] {
            assert!(read(odd).is_err_and(|error| error.starts_with("expected a code")), "{odd}");
        }
        assert_eq!(
            serde_json::to_string(&[french, Spoken::well("en")]).expect("plain"),
            r#"[{"language":"fr","level":"b2"},"en"]"#
        );
    }
}
