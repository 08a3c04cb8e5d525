//! Degrees, and their editions: a degree for one market, in a version.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Country, CourseRef, Language, Text};
use crate::id::{DegreeId, EditionId, PartnerId, ProjectId, SkillId};

/// An abstract degree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Degree {
    /// The author's word for it.
    pub id: DegreeId,
    /// As it stands on certificates.
    pub title: Text,
    /// How many projects each of its editions has.
    pub project_count: usize,
}

/// A degree for one market, in a version; languages are variants of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// The author's word for it.
    pub id: EditionId,
    /// 1 for the first, then 2, 3, ...; what an enrollment holds on to.
    pub version: u32,
    /// Which degree.
    pub degree: DegreeId,
    /// For which country's recruiters.
    pub market: Country,
    /// Where it stands.
    pub state: EditionState,
    /// The languages it is taught in, or will be.
    pub languages: Vec<LanguageVariant>,
    /// Hours of study a week at which projects take their nominal months.
    pub nominal_hours_per_week: u32,
    /// Whose names stand on its certificates, while their agreement holds.
    pub partners: Vec<PartnerId>,
    /// What is studied, in order.
    pub courses: Vec<CourseRef>,
    /// What is made and defended, in order.
    pub projects: Vec<ProjectId>,
    /// What a graduate has shown.
    pub skills: Vec<SkillId>,
}

/// Where an edition's version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditionState {
    /// Being written; nobody enrolls.
    Draft,
    /// Open for enrollment.
    Published,
    /// Those enrolled go on; nobody enrolls any more.
    Closed,
}

/// An edition in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageVariant {
    /// Which language.
    pub language: Language,
    /// Where it stands.
    pub state: VariantState,
}

/// Where an edition's language stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantState {
    /// Being translated; nobody enrolls in it.
    Draft,
    /// Open for enrollment while the edition is.
    Published,
}

/// Why nobody can enroll in this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotPublished {
    /// The edition is not open.
    #[error("{edition} version {version} is not open for enrollment")]
    Edition {
        /// Which.
        edition: EditionId,
        /// In which version.
        version: u32,
    },
    /// The edition is open, but not in this language.
    #[error("{edition} is not published in {language}")]
    Language {
        /// Which.
        edition: EditionId,
        /// The language asked for.
        language: Language,
    },
}

impl EditionState {
    /// Whether a version in this state may be loaded again in the next one: never backwards.
    pub const fn leads_to(self, next: Self) -> bool {
        match self {
            Self::Draft => true,
            Self::Published => !matches!(next, Self::Draft),
            Self::Closed => matches!(next, Self::Closed),
        }
    }
}

impl Edition {
    /// The languages that students may enroll in; none unless the edition is published.
    pub fn published_languages(&self) -> impl Iterator<Item = &Language> {
        let open = self.state == EditionState::Published;
        let published = move |variant: &&LanguageVariant| open && variant.state == VariantState::Published;
        self.languages.iter().filter(published).map(|variant| &variant.language)
    }

    /// Whether students may enroll in a language, or why not.
    pub fn open_in(&self, language: &Language) -> Result<(), NotPublished> {
        if self.state != EditionState::Published {
            return Err(NotPublished::Edition { edition: self.id.clone(), version: self.version });
        }
        if self.published_languages().any(|published| published == language) {
            return Ok(());
        }
        Err(NotPublished::Language { edition: self.id.clone(), language: language.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fixture;

    fn language(text: &str) -> Language {
        text.parse().expect("a language")
    }

    #[test]
    fn spanish_is_refused_until_it_is_published() {
        let edition = fixture::catalog().editions.remove(0);
        assert_eq!(edition.open_in(&language("en")), Ok(()));
        let refused = NotPublished::Language { edition: edition.id.clone(), language: language("es") };
        assert_eq!(edition.open_in(&language("es")), Err(refused));
    }

    #[test]
    fn a_draft_is_open_in_no_language() {
        let edition = Edition { state: EditionState::Draft, ..fixture::catalog().editions.remove(0) };
        assert!(matches!(edition.open_in(&language("en")), Err(NotPublished::Edition { version: 1, .. })));
        assert_eq!(edition.published_languages().count(), 0);
    }

    #[test]
    fn a_version_never_goes_back_to_draft() {
        use EditionState::{Closed, Draft, Published};
        let allowed = [(Draft, Published), (Draft, Closed), (Published, Closed)];
        for from in [Draft, Published, Closed] {
            for to in [Draft, Published, Closed] {
                assert_eq!(from.leads_to(to), from == to || allowed.contains(&(from, to)), "{from:?} {to:?}");
            }
        }
    }
}
