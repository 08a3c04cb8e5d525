//! A prospectus: one edition with all that it refers to, which visitors read and quotes rest on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Accreditation, Catalog, Country, Course, Degree, Edition, EditionState, Entity, Level, Partner, Policy,
    PriceList, Project, Recognition, Skill, Tariff,
};
use crate::id::EditionId;
use crate::invoice::TaxRule;

/// An edition's version with all that it refers to.
///
/// What is learned (`edition`, `degree`, `courses`, `projects`, `skills`) belongs to the version
/// and never changes once a student holds it; the dated lists go on growing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prospectus {
    /// The edition itself.
    pub edition: Edition,
    /// Its degree.
    pub degree: Degree,
    /// Its courses, in its order.
    pub courses: Vec<Course>,
    /// Its projects, in its order.
    pub projects: Vec<Project>,
    /// Its skills, in its order.
    pub skills: Vec<Skill>,
    /// Its partners, with past and coming agreements.
    pub partners: Vec<Partner>,
    /// Its market's prices, past and coming.
    pub prices: Vec<PriceList>,
    /// Its market's rules of tax, past and coming.
    #[serde(default)]
    pub taxes: Vec<TaxRule>,
    /// Who issues its market's invoices, as it stands on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<Entity>,
    /// What its market's mentors and jurors are paid, in the past and to come.
    #[serde(default)]
    pub tariffs: Vec<Tariff>,
    /// Its accreditations, past and coming.
    pub accreditations: Vec<Accreditation>,
    /// Its degree's recognitions, past and coming.
    pub recognitions: Vec<Recognition>,
    /// The school's policies, past and coming.
    pub policies: Vec<Policy>,
}

/// Why a version that students hold cannot be loaded like this.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VersionHeld {
    /// What is learned differs.
    #[error("students hold {edition} version {version}: write version {} instead", .version + 1)]
    Changed {
        /// Which edition.
        edition: EditionId,
        /// In which version.
        version: u32,
    },
    /// It would go back to an earlier state.
    #[error("{edition} version {version} cannot go back to an earlier state")]
    Backwards {
        /// Which edition.
        edition: EditionId,
        /// In which version.
        version: u32,
    },
}

impl Catalog {
    /// An edition of this catalog with all it refers to; none if one of its references is unknown,
    /// which [`Catalog::check`] names.
    pub fn prospectus(&self, edition: &Edition) -> Option<Prospectus> {
        let courses = edition.courses.iter().map(|course| self.course(&course.id, course.version).cloned());
        let projects = edition.projects.iter().map(|project| self.project(project).cloned());
        let skills = edition.skills.iter().map(|skill| self.skill(skill).cloned());
        let partners = edition.partners.iter().map(|partner| self.partner(partner).cloned());
        let prices = self.prices.iter().filter(|prices| prices.market == edition.market);
        let taxes = self.taxes.iter().filter(|rule| rule.market == edition.market.as_str());
        let accreditations = self.accreditations.iter().filter(|given| given.edition == edition.id);
        let recognitions = self.recognitions.iter().filter(|given| given.degree == edition.degree);
        Some(Prospectus {
            edition: edition.clone(),
            degree: self.degree(&edition.degree)?.clone(),
            courses: courses.collect::<Option<_>>()?,
            projects: projects.collect::<Option<_>>()?,
            skills: skills.collect::<Option<_>>()?,
            partners: partners.collect::<Option<_>>()?,
            prices: prices.cloned().collect(),
            taxes: taxes.cloned().collect(),
            entity: self.entities.iter().find(|entity| entity.market == edition.market).cloned(),
            tariffs: self.tariffs.iter().filter(|tariff| tariff.market == edition.market).cloned().collect(),
            accreditations: accreditations.cloned().collect(),
            recognitions: recognitions.cloned().collect(),
            policies: self.policies.clone(),
        })
    }
}

impl Prospectus {
    /// The prices quoted on a date.
    pub fn price_on(&self, date: Date) -> Option<&PriceList> {
        self.prices.iter().find(|prices| prices.valid.covers(date))
    }

    /// The accreditation that covers a date; of several the one that began last.
    pub fn accreditation_on(&self, date: Date) -> Option<&Accreditation> {
        let covering = self.accreditations.iter().filter(|accreditation| accreditation.covers(date));
        covering.max_by_key(|accreditation| accreditation.valid.from)
    }

    /// The countries that recognize the degree on a date, each once, in order: what an award freezes.
    pub fn countries_on(&self, date: Date) -> Vec<Country> {
        let valid = self.recognitions.iter().filter(|recognition| recognition.valid.covers(date));
        let mut countries = Vec::from_iter(valid.map(|recognition| recognition.country.clone()));
        countries.sort();
        countries.dedup();
        countries
    }

    /// The partners whose names may be printed on a date.
    pub fn partners_on(&self, date: Date) -> impl Iterator<Item = &Partner> {
        self.partners.iter().filter(move |partner| partner.may_appear_on(date))
    }

    /// The policy that holds on a date.
    pub fn policy_on(&self, date: Date) -> Option<&Policy> {
        Policy::on(&self.policies, date)
    }

    /// Whether `next` may be loaded in place of this one, which students hold: its dated lists may
    /// differ, its state may go forward, a language may be published; nothing else.
    pub fn may_become(&self, next: &Self) -> Result<(), VersionHeld> {
        let (edition, version) = (self.edition.id.clone(), self.edition.version);
        if !self.edition.state.leads_to(next.edition.state) {
            return Err(VersionHeld::Backwards { edition, version });
        }
        if self.what_is_learned() != next.what_is_learned() {
            return Err(VersionHeld::Changed { edition, version });
        }
        Ok(())
    }

    /// The part that belongs to the version, without its states and without what is paid for.
    fn what_is_learned(&self) -> (Edition, &Degree, &[Course], Vec<Project>, &[Skill]) {
        let edition =
            Edition { state: EditionState::Published, languages: Vec::new(), ..self.edition.clone() };
        let projects = self.projects.iter().cloned();
        let projects = projects.map(|project| Project { level: Level::default(), ..project });
        (edition, &self.degree, &self.courses, projects.collect(), &self.skills)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::catalog::{Validity, VariantState, fixture};
    use crate::months::Months;

    #[test]
    fn an_unknown_reference_makes_no_prospectus() {
        let mut catalog = fixture::catalog();
        let edition = catalog.editions[0].clone();
        assert!(catalog.prospectus(&edition).is_some());
        catalog.skills.pop();
        assert_eq!(catalog.prospectus(&edition), None);
    }

    #[test]
    fn an_award_freezes_the_countries_of_its_day() {
        let mut prospectus = fixture::prospectus();
        assert_eq!(prospectus.countries_on(date(2028, 2, 5)).len(), 29);
        assert_eq!(prospectus.countries_on(date(2025, 12, 31)), []);
        prospectus.recognitions[0].valid.until = Some(date(2028, 1, 1));
        assert_eq!(prospectus.countries_on(date(2028, 2, 5)).len(), 28);
        prospectus.recognitions.push(prospectus.recognitions[1].clone());
        assert_eq!(prospectus.countries_on(date(2028, 2, 5)).len(), 28);
    }

    #[test]
    fn a_start_after_the_accreditation_is_covered_by_nothing() {
        let prospectus = fixture::prospectus();
        let level = |date| prospectus.accreditation_on(date).map(|accreditation| accreditation.eqf_level);
        assert_eq!(level(date(2027, 2, 7)), Some(6));
        assert_eq!(level(date(2030, 12, 31)), Some(6));
        assert_eq!(level(date(2031, 1, 1)), None);
    }

    #[test]
    fn a_quote_takes_the_price_of_its_day() {
        let mut prospectus = fixture::prospectus();
        let mut next = prospectus.prices[0].clone();
        prospectus.prices[0].valid.until = Some(date(2028, 1, 1));
        next.version = 2;
        next.valid = Validity { from: date(2028, 1, 1), until: None };
        prospectus.prices.push(next);
        let version = |date| prospectus.price_on(date).map(|prices| prices.version);
        assert_eq!(version(date(2027, 12, 31)), Some(1));
        assert_eq!(version(date(2028, 1, 1)), Some(2));
        assert_eq!(version(date(2025, 1, 1)), None);
    }

    #[test]
    fn a_version_that_students_hold_never_changes() {
        let held = fixture::prospectus();
        let check = |expected: Result<(), VersionHeld>, change: fn(&mut Prospectus)| {
            let mut next = held.clone();
            change(&mut next);
            assert_eq!(held.may_become(&next), expected);
        };
        let (edition, version) = (held.edition.id.clone(), 1);
        let changed = VersionHeld::Changed { edition: edition.clone(), version };
        check(Ok(()), |_| {});
        check(Ok(()), |next| next.recognitions.clear());
        check(Ok(()), |next| next.edition.languages[1].state = VariantState::Published);
        check(Ok(()), |next| next.edition.state = EditionState::Closed);
        check(Ok(()), |next| next.projects[0].level = Level::ALL[2]);
        check(Err(changed.clone()), |next| next.projects[0].nominal_months = Months::whole(3));
        check(Err(changed), |next| next.edition.nominal_hours_per_week = 25);
        check(Err(VersionHeld::Backwards { edition, version }), |next| {
            next.edition.state = EditionState::Draft;
        });
    }
}
