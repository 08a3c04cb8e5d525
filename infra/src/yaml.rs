//! YAML that people edit: read strictly, and every refusal names its file, line and field.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_saphyr::{Location, MessageFormatter, Spanned, UserMessageFormatter};
use thiserror::Error;

/// The largest file that is read: many times what a person would edit by hand.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What a refusal calls it.
    pub name: String,
    /// What is written in it.
    pub text: String,
}

/// A fault in a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{line}: {field}: {cause}")]
pub struct Fault<C> {
    /// The file's name.
    pub file: String,
    /// Counted from 1.
    pub line: u64,
    /// JSON pointer into the file; `/` alone is all of it.
    pub field: String,
    /// What is wrong there.
    pub cause: C,
}

/// Why a file is not read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// It is larger than anything a person wrote.
    #[error("the file is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    /// It is not YAML, or not of the shape that is expected here.
    #[error("{message}")]
    Malformed {
        /// The parser's words.
        message: String,
    },
}

/// Where the values of a file stand, as a tree of the same shape.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Line and column of its name, or of the value itself where it has none.
    at: (u64, u64),
    /// Line and column of the value.
    begins: (u64, u64),
    children: Vec<(String, Self)>,
}

impl<C> Fault<C> {
    /// The same fault with its cause among others.
    pub fn among<D: From<C>>(self) -> Fault<D> {
        let Self { file, line, field, cause } = self;
        Fault { file, line, field, cause: cause.into() }
    }
}

/// Reads a file into what is expected of it, and says where each value stands.
pub fn read<T: DeserializeOwned>(file: &File) -> Result<(T, Places), Fault<Unreadable>> {
    if file.text.len() > FILE_BYTES_MAX {
        return Err(Places::default().fault(&file.name, "", Unreadable::TooLarge));
    }
    let nowhere = Places::default();
    let root: Spanned<Shape> =
        serde_saphyr::from_str(&file.text).map_err(|error| nowhere.explain(&file.name, &error))?;
    let places = Shape::placed(root, None);
    let value = serde_saphyr::from_str(&file.text).map_err(|error| places.explain(&file.name, &error))?;
    Ok((value, places))
}

impl Places {
    /// A fault at a JSON pointer: on the line of the value, or of the nearest one around it.
    pub fn fault<C>(&self, file: &str, pointer: &str, cause: C) -> Fault<C> {
        let field = if pointer.is_empty() { "/" } else { pointer };
        Fault { file: file.to_owned(), line: self.line_of(pointer), field: field.to_owned(), cause }
    }

    /// The line of the value at a JSON pointer, or of the nearest one around it.
    pub fn line_of(&self, pointer: &str) -> u64 {
        let mut here = self;
        for segment in pointer.split('/').skip(1) {
            let Some((_, child)) = here.children.iter().find(|(name, _)| name == segment) else { break };
            here = child;
        }
        here.at.0.max(1)
    }

    /// What the parser refused, at the field where it stopped.
    fn explain(&self, file: &str, error: &serde_saphyr::Error) -> Fault<Unreadable> {
        let error = error.without_snippet();
        let message = told(error);
        let location = error.location().unwrap_or(Location::UNKNOWN);
        let mut pointer = self.pointer_at(location, About::of(error));
        let mut line = location.line().max(1);
        if let serde_saphyr::Error::SerdeMissingField { field, .. } = error {
            // The parser stopped at the last field that is there; its mapping is what lacks one.
            pointer.truncate(pointer.rfind('/').unwrap_or_default());
            line = self.line_of(&pointer);
            pointer = format!("{pointer}/{field}");
        }
        let fault = self.fault(file, &pointer, Unreadable::Malformed { message });
        Fault { line, ..fault }
    }

    /// The JSON pointer of the last value that stands at or before a location.
    fn pointer_at(&self, location: Location, about: About) -> String {
        let place = (location.line(), location.column());
        let mut pointer = String::new();
        let mut here = self;
        // A block begins where its first name does: an error about the block stops there.
        while about == About::Name || here.begins != place {
            let Some((name, child)) = here.children.iter().rfind(|(_, child)| child.at <= place) else {
                break;
            };
            pointer = format!("{pointer}/{name}");
            here = child;
        }
        pointer
    }
}

/// The parser's words, where they are not about its own workings.
fn told(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error::{InvalidScalar, Unexpected};
    let expected = match error {
        InvalidScalar { ty, .. } if ty.starts_with(['i', 'u']) => "expected a whole number in range",
        Unexpected { expected: "sequence start", .. } => "expected a list",
        Unexpected { expected: "mapping start", .. } => "expected fields and their values",
        Unexpected { expected: "scalar" | "string scalar", .. } => "expected a single value",
        _ => return UserMessageFormatter.format_message(error).into_owned(),
    };
    expected.to_owned()
}

/// What the parser's location means: the name of a field, or a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Name,
    Value,
}

impl About {
    fn of(error: &serde_saphyr::Error) -> Self {
        use serde_saphyr::Error::{DuplicateMappingKey, SerdeMissingField, SerdeUnknownField};
        match error {
            DuplicateMappingKey { .. } | SerdeMissingField { .. } | SerdeUnknownField { .. } => Self::Name,
            _ => Self::Value,
        }
    }
}

/// The shape of a value, without the value.
enum Shape {
    Scalar,
    Children(Vec<(String, Places)>),
}

impl Shape {
    /// The places of a value that begins here, and whose name, if it has one, stands there.
    fn placed(value: Spanned<Self>, name: Option<Location>) -> Places {
        let children = match value.value {
            Self::Scalar => Vec::new(),
            Self::Children(children) => children,
        };
        let position = |location: Location| (location.line(), location.column());
        let begins = position(value.referenced);
        Places { at: name.map_or(begins, position), begins, children }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

macro_rules! scalars {
    ($($visit:ident: $kind:ty,)*) => {$(
        fn $visit<E: de::Error>(self, _: $kind) -> Result<Shape, E> {
            Ok(Shape::Scalar)
        }
    )*};
}

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    scalars! {
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_i128: i128,
        visit_u128: u128,
        visit_f64: f64,
        visit_str: &str,
        visit_bytes: &[u8],
    }

    fn visit_unit<E: de::Error>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_none<E: de::Error>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        Shape::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut children = Vec::new();
        while let Some(entry) = entries.next_element::<Spanned<Shape>>()? {
            children.push((children.len().to_string(), Shape::placed(entry, None)));
        }
        Ok(Shape::Children(children))
    }

    /// A field stands where its name stands.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut children = Vec::new();
        while let Some((name, value)) = entries.next_entry::<Spanned<String>, Spanned<Shape>>()? {
            children.push((name.value, Shape::placed(value, Some(name.referenced))));
        }
        Ok(Shape::Children(children))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Planet {
        name: String,
        moons: u32,
        orbit: Orbit,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Orbit {
        days: u32,
        tilt: Option<u32>,
    }

    fn file(text: &str) -> File {
        File { name: "planets.yaml".into(), text: text.into() }
    }

    fn check(text: &str, line: u64, field: &str, message: &str) {
        let fault = read::<Vec<Planet>>(&file(text)).expect_err(text);
        let found = (fault.line, fault.field.as_str(), fault.cause.to_string());
        assert_eq!(found, (line, field, message.to_owned()), "{text}");
    }

    #[test]
    fn what_is_written_wrong_is_named_by_line_and_field() {
        let first = "- name: Earth\n  moons: 1\n  orbit:\n    days: 365\n";
        assert!(read::<Vec<Planet>>(&file(first)).is_ok());
        let after = |second: &str| format!("{first}{second}");
        check(
            &after("- name: Mars\n  moons: two\n  orbit: {days: 687}\n"),
            6,
            "/1/moons",
            "expected a whole number in range",
        );
        check(
            &after("- name: Mars\n  moons: 2\n  orbit:\n    days: 687\n    color: red\n"),
            9,
            "/1/orbit/color",
            "unknown field `color`, expected one of days, tilt",
        );
        check(&after("- name: Mars\n  moons: 2\n"), 5, "/1/orbit", "missing field `orbit`");
        check(
            &after("- name: Mars\n  moons: 2\n  orbit: {tilt: 25}\n"),
            7,
            "/1/orbit/days",
            "missing field `days`",
        );
        check(&after("- name: Mars\n  moons:\n    many: true\n"), 7, "/1/moons", "expected a single value");
        check(
            &after("- name: Mars\n  name: Ares\n"),
            6,
            "/",
            "duplicate mapping key `name` is not allowed here",
        );
        check("planets: []\n", 1, "/", "expected a list");
        check("- name: Mars\n  moons: 2\n  orbit: 687\n", 3, "/0/orbit", "expected fields and their values");
        check("- name: [\n", 1, "/", "unclosed bracket '['");
    }

    #[test]
    fn a_file_that_nobody_wrote_by_hand_is_not_read() {
        let fault = read::<Vec<Planet>>(&file(&"#".repeat(FILE_BYTES_MAX + 1))).expect_err("too large");
        assert_eq!(fault.cause, Unreadable::TooLarge);
    }

    #[test]
    fn a_value_without_a_line_takes_the_nearest_around_it() {
        let (_, places) =
            read::<Vec<Planet>>(&file("# ours\n- name: Earth\n  moons: 1\n  orbit: {days: 365}\n"))
                .expect("right");
        let check = |pointer, line| assert_eq!(places.line_of(pointer), line, "{pointer}");
        check("", 2);
        check("/0", 2);
        check("/0/moons", 3);
        check("/0/orbit/days", 4);
        check("/0/orbit/tilt", 4);
        check("/7", 2);
    }
}
