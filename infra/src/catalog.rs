//! The catalog as files: a folder of YAML that a person edits, read into the domain's [`Catalog`].
//!
//! Lists have a file each (`skills.yaml`, ...), every edition's version has one in `editions/`.
//! The sample catalog is part of the program, so that it starts without a folder.

use std::io::Read;
use std::path::Path;
use std::{fmt, fs, io};

use domain::catalog::{Catalog, CatalogError, Edition, Reason};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::yaml::{self, FILE_BYTES_MAX, File, Places, Unreadable};

const EDITIONS: &str = "editions/";

/// A file that is part of the program.
macro_rules! embedded {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../catalog/", $name)))),*]
    };
}

/// The sample catalog, file by file.
const SAMPLE: &[(&str, &str)] = embedded![
    "degrees.yaml",
    "partners.yaml",
    "skills.yaml",
    "courses.yaml",
    "projects.yaml",
    "prices.yaml",
    "taxes.yaml",
    "entities.yaml",
    "tariffs.yaml",
    "demand.yaml",
    "accreditations.yaml",
    "recognitions.yaml",
    "policies.yaml",
    "editions/web-development-fr.yaml",
    "editions/web-development-gb.yaml",
    "editions/web-development-us.yaml",
];

/// A fault in a catalog's files.
pub type Fault = yaml::Fault<Cause>;

/// What is wrong with a catalog's file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Cause {
    /// The file cannot be read at all.
    #[error("cannot be read: {0}")]
    File(io::ErrorKind),
    /// A list has no file.
    #[error("the file is missing")]
    Missing,
    /// The catalog has no such file.
    #[error("a catalog has no file of this name; an edition's is in {EDITIONS} and ends in .yaml")]
    Misplaced,
    /// It is not the YAML that is expected.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// What it says breaks a rule.
    #[error(transparent)]
    Rule(#[from] Reason),
}

/// Everything that is wrong with a catalog's files, a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogRefused {
    /// At least one.
    pub faults: Vec<Fault>,
}

impl std::error::Error for CatalogRefused {}

impl fmt::Display for CatalogRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the catalog is refused")?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

/// The catalog that is part of the program.
pub fn sample() -> Result<Catalog, CatalogRefused> {
    Reader::new(sample_files()).read()
}

/// The catalog in a folder.
pub fn load(folder: &Path) -> Result<Catalog, CatalogRefused> {
    let (files, faults) = files_in(folder);
    if !faults.is_empty() {
        return Err(CatalogRefused { faults });
    }
    Reader::new(files).read()
}

fn sample_files() -> Vec<File> {
    let file = |&(name, text): &(&str, &str)| File { name: name.to_owned(), text: text.to_owned() };
    SAMPLE.iter().map(file).collect()
}

/// The YAML files of a folder and of its `editions`, named from the folder, in order of name.
fn files_in(folder: &Path) -> (Vec<File>, Vec<Fault>) {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for prefix in ["", EDITIONS] {
        match names_in(&folder.join(prefix)) {
            Err(error) => faults.push(whole(&format!("./{prefix}"), Cause::File(error.kind()))),
            Ok(names) => {
                for name in names.into_iter().map(|name| format!("{prefix}{name}")) {
                    match bounded(&folder.join(&name)) {
                        Err(error) => faults.push(whole(&name, Cause::File(error.kind()))),
                        Ok(text) => files.push(File { name, text }),
                    }
                }
            }
        }
    }
    (files, faults)
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") || name.ends_with(".yml") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A file's text, read to one byte past what [`yaml::read`] accepts.
fn bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn whole(file: &str, cause: Cause) -> Fault {
    Places::default().fault(file, "", cause)
}

/// Reads files into a catalog, and remembers which value stands where.
struct Reader {
    files: Vec<File>,
    /// The lists' files in the order they were read, with the places of their values.
    lists: Vec<(String, Places)>,
    /// The same for each edition, in the catalog's order.
    editions: Vec<(String, Places)>,
    faults: Vec<Fault>,
}

impl Reader {
    fn new(files: Vec<File>) -> Self {
        Self { files, lists: Vec::new(), editions: Vec::new(), faults: Vec::new() }
    }

    fn read(mut self) -> Result<Catalog, CatalogRefused> {
        let catalog = Catalog {
            degrees: self.list("degrees"),
            partners: self.list("partners"),
            skills: self.list("skills"),
            courses: self.list("courses"),
            projects: self.list("projects"),
            prices: self.list("prices"),
            taxes: self.list_if_any("taxes"),
            entities: self.list_if_any("entities"),
            tariffs: self.list_if_any("tariffs"),
            demand: self.list("demand"),
            accreditations: self.list("accreditations"),
            recognitions: self.list("recognitions"),
            policies: self.list("policies"),
            editions: self.editions(),
        };
        for misplaced in &self.files {
            self.faults.push(whole(&misplaced.name, Cause::Misplaced));
        }
        // A file that was not read would make every reference to it look wrong.
        if self.faults.is_empty() {
            self.faults = catalog.check().into_iter().map(|error| self.locate(error)).collect();
        }
        if self.faults.is_empty() { Ok(catalog) } else { Err(CatalogRefused { faults: self.faults }) }
    }

    /// The entries of the list's file, which is then done with.
    fn list<T: DeserializeOwned>(&mut self, list: &str) -> Vec<T> {
        let name = format!("{list}.yaml");
        let Some(index) = self.files.iter().position(|file| file.name == name) else {
            self.faults.push(whole(&name, Cause::Missing));
            return Vec::new();
        };
        let file = self.files.remove(index);
        let Some((entries, places)) = self.parse(&file) else { return Vec::new() };
        self.lists.push((name, places));
        entries
    }

    /// The entries of a list that a catalog may go without.
    fn list_if_any<T: DeserializeOwned>(&mut self, list: &str) -> Vec<T> {
        let there = self.files.iter().any(|file| file.name == format!("{list}.yaml"));
        if there { self.list(list) } else { Vec::new() }
    }

    fn editions(&mut self) -> Vec<Edition> {
        let is_edition = |file: &mut File| file.name.starts_with(EDITIONS) && file.name.ends_with(".yaml");
        let mut editions = Vec::new();
        for file in Vec::from_iter(self.files.extract_if(.., is_edition)) {
            if let Some((edition, places)) = self.parse(&file) {
                editions.push(edition);
                self.editions.push((file.name, places));
            }
        }
        editions
    }

    fn parse<T: DeserializeOwned>(&mut self, file: &File) -> Option<(T, Places)> {
        yaml::read(file).map_err(|fault| self.faults.push(fault.among())).ok()
    }

    /// A rule's fault, by file and line instead of its place in the whole catalog.
    fn locate(&self, error: CatalogError) -> Fault {
        let cause = Cause::Rule(self.retold(error.reason));
        match self.place(&error.path) {
            Some((file, places, pointer)) => places.fault(file, pointer, cause),
            None => Places::default().fault(".", &error.path, cause),
        }
    }

    /// The other place that a reason names is told by file and line, too.
    fn retold(&self, reason: Reason) -> Reason {
        let Reason::Duplicate { id, first } = reason else { return reason };
        let told = self.place(&first).map(|(file, places, pointer)| {
            let line = places.line_of(pointer);
            format!("{file}:{line}")
        });
        Reason::Duplicate { id, first: told.unwrap_or(first) }
    }

    /// The file that a path of the catalog lies in, and the pointer inside it.
    fn place<'a>(&'a self, path: &'a str) -> Option<(&'a str, &'a Places, &'a str)> {
        let (list, rest) = split(path);
        let ((name, places), pointer) = if list == "editions" {
            let (index, rest) = split(rest);
            (self.editions.get(index.parse::<usize>().ok()?)?, rest)
        } else {
            let of_list = |(name, _): &&(String, Places)| name.strip_suffix(".yaml") == Some(list);
            (self.lists.iter().find(of_list)?, rest)
        };
        Some((name, places, pointer))
    }
}

/// `/skills/3/label` is `skills` and `/3/label`.
fn split(pointer: &str) -> (&str, &str) {
    let inner = pointer.strip_prefix('/').unwrap_or(pointer);
    inner.find('/').map_or((inner, ""), |end| inner.split_at(end))
}

#[cfg(test)]
mod tests;
