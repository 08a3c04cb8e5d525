//! What the school offers: degrees, their editions for one market, and all that these refer to.
//!
//! An author writes a [`Catalog`]: lists of things that refer to each other by their words.
//! [`Catalog::check`] says everything that is wrong with it at once; [`Catalog::prospectus`] puts
//! one edition together with what it refers to, which is what the rest of the school works with.

use serde::{Deserialize, Serialize};

use crate::id::{CourseId, DegreeId, EditionId, PartnerId, ProjectId, SkillId};
use crate::invoice::TaxRule;

pub mod check; // what makes a catalog wrong, with the place of each fault
mod course; // about a week of learning, and what it cost to make
mod edition; // degrees, and their editions
mod entity; // who issues invoices
mod market; // prices and recruiters' demand
mod partner; // partners, accreditations, recognitions
mod policy; // the numbers the school decided on
mod project; // projects, skills, criteria
mod prospectus; // one edition with all it refers to
mod tariff; // what mentors and jurors are paid
mod words; // countries, languages, texts, validity

#[cfg(test)]
pub(crate) mod fixture;

pub use check::{CatalogError, Reason};
pub use course::{Course, CourseRef, Unit, UnitKind, production_cost};
pub use edition::{Degree, Edition, EditionState, LanguageVariant, NotPublished, VariantState};
pub use entity::{ENTITY_LINES_MAX, Entity};
pub use market::{DemandSignal, Importance, PriceList};
pub use partner::{Accreditation, Partner, Recognition};
pub use policy::{Policy, Share, Sourced};
pub use project::{Criterion, InvalidLevel, Level, Project, Skill};
pub use prospectus::{Prospectus, VersionHeld};
pub use tariff::{Tariff, TariffLevel};
pub use words::{Country, InvalidWord, Language, Text, Validity};

/// All that the school offers, as its authors wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// What can be earned.
    pub degrees: Vec<Degree>,
    /// Who stands behind courses and degrees.
    pub partners: Vec<Partner>,
    /// What is learned and judged.
    pub skills: Vec<Skill>,
    /// What is studied, version by version.
    pub courses: Vec<Course>,
    /// The works that degrees are earned by.
    pub projects: Vec<Project>,
    /// What a month costs, by market.
    pub prices: Vec<PriceList>,
    /// How a month is taxed, by market.
    pub taxes: Vec<TaxRule>,
    /// Who issues invoices, by market.
    pub entities: Vec<Entity>,
    /// What mentors and jurors are paid, by market.
    pub tariffs: Vec<Tariff>,
    /// What recruiters said they want.
    pub demand: Vec<DemandSignal>,
    /// Who endorses which edition.
    pub accreditations: Vec<Accreditation>,
    /// In which countries a degree is recognized.
    pub recognitions: Vec<Recognition>,
    /// The numbers the school decided on, each set from a date.
    pub policies: Vec<Policy>,
    /// The degrees' editions, version by version.
    pub editions: Vec<Edition>,
}

impl Catalog {
    /// The degree of that word.
    pub fn degree(&self, id: &DegreeId) -> Option<&Degree> {
        self.degrees.iter().find(|degree| degree.id == *id)
    }

    /// The partner of that word.
    pub fn partner(&self, id: &PartnerId) -> Option<&Partner> {
        self.partners.iter().find(|partner| partner.id == *id)
    }

    /// The skill of that word.
    pub fn skill(&self, id: &SkillId) -> Option<&Skill> {
        self.skills.iter().find(|skill| skill.id == *id)
    }

    /// The course of that word, in that version.
    pub fn course(&self, id: &CourseId, version: u32) -> Option<&Course> {
        self.courses.iter().find(|course| course.id == *id && course.version == version)
    }

    /// The project of that word.
    pub fn project(&self, id: &ProjectId) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == *id)
    }

    /// The edition of that word, in that version.
    pub fn edition(&self, id: &EditionId, version: u32) -> Option<&Edition> {
        self.editions.iter().find(|edition| edition.id == *id && edition.version == version)
    }

    /// The edition's latest published version, which new students enroll on.
    pub fn published(&self, id: &EditionId) -> Option<&Edition> {
        let published = |edition: &&Edition| edition.id == *id && edition.state == EditionState::Published;
        self.editions.iter().filter(published).max_by_key(|edition| edition.version)
    }

    /// Skills that the degree's recruiters in a market call essential and the edition does not
    /// teach: the list that keeps it from being published. The latest signal about a skill counts.
    pub fn missing_skills(&self, edition: &Edition) -> Vec<SkillId> {
        let latest = |skill: &SkillId| {
            let about = |signal: &&DemandSignal| signal.is_about(edition) && signal.skill == *skill;
            self.demand.iter().filter(about).max_by_key(|signal| signal.date)
        };
        let essential =
            |skill: &SkillId| latest(skill).is_some_and(|s| s.importance == Importance::Essential);
        let mut wanted = Vec::from_iter(self.demand.iter().map(|signal| &signal.skill));
        wanted.sort();
        wanted.dedup();
        let missing = wanted.into_iter().filter(|skill| !edition.skills.contains(skill) && essential(skill));
        missing.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_students_enroll_on_the_latest_published_version() {
        let mut catalog = fixture::catalog();
        let first = catalog.editions[0].clone();
        catalog.editions.push(Edition { version: 2, ..first.clone() });
        catalog.editions.push(Edition { version: 3, state: EditionState::Draft, ..first.clone() });
        assert_eq!(catalog.published(&first.id).map(|edition| edition.version), Some(2));
    }

    #[test]
    fn the_latest_signal_about_a_skill_counts() {
        let mut catalog = fixture::catalog();
        let edition = catalog.editions[0].clone();
        let signal = |date: &str, importance| DemandSignal {
            skill: "rust".parse().expect("a slug"),
            date: date.parse().expect("a date"),
            importance,
            ..fixture::catalog().demand[0].clone()
        };
        catalog.demand.push(signal("2026-09-01", Importance::Useful));
        catalog.demand.push(signal("2026-03-01", Importance::Essential));
        assert_eq!(catalog.missing_skills(&edition), []);
        catalog.demand.push(signal("2026-10-01", Importance::Essential));
        assert_eq!(catalog.missing_skills(&edition), ["rust".parse().expect("a slug")]);
    }

    #[test]
    fn the_demand_of_another_market_asks_nothing() {
        let mut catalog = fixture::catalog();
        let edition = catalog.editions[0].clone();
        let elsewhere = DemandSignal {
            skill: "rust".parse().expect("a slug"),
            market: "FR".parse().expect("a country"),
            ..catalog.demand[0].clone()
        };
        catalog.demand.push(elsewhere);
        assert_eq!(catalog.missing_skills(&edition), []);
    }
}
