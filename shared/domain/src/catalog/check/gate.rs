//! The publish gate: what an edition must have before students may enroll on it.

use super::{Faults, Reason};
use crate::catalog::{Catalog, Edition, Language, Project, Text};
use crate::invoice::LegalEntity;
use crate::months::Months;
use crate::plan::{P90_MONTHS, RANGE_MONTHS};

/// The fewest courses of a degree. Source: OpenClassrooms' co-founder, interview of 2016.
pub const COURSES_MIN: usize = 15;
/// The most courses of a degree. Source: as [`COURSES_MIN`].
pub const COURSES_MAX: usize = 30;

pub(super) fn check(catalog: &Catalog, edition: &Edition, path: &str, faults: &mut Faults) {
    let found = edition.courses.len();
    let enough = (COURSES_MIN..=COURSES_MAX).contains(&found);
    faults.add_unless(enough, format!("{path}/courses"), || Reason::CourseCount { found });

    let found = edition.projects.len();
    if let Some(expected) = catalog.degree(&edition.degree).map(|degree| degree.project_count) {
        faults.add_unless(found == expected, format!("{path}/projects"), || Reason::ProjectCount {
            found,
            expected,
        });
    }

    let accredited = catalog.accreditations.iter().any(|given| given.edition == edition.id);
    faults.add_unless(accredited, path, || Reason::NoAccreditation);
    let priced = catalog.prices.iter().any(|price| price.market == edition.market);
    faults.add_unless(priced, format!("{path}/market"), || Reason::NoPrice);
    issuer(catalog, edition, path, faults);
    let taught = edition.published_languages().next().is_some();
    faults.add_unless(taught, format!("{path}/languages"), || Reason::NoLanguage);

    skills(catalog, edition, path, faults);
    length(catalog, edition, path, faults);
    for language in edition.published_languages() {
        texts(catalog, edition, language, faults);
    }
}

/// Somebody can invoice in the market, and in the currency of its prices.
fn issuer(catalog: &Catalog, edition: &Edition, path: &str, faults: &mut Faults) {
    let issuer = LegalEntity::of_market(edition.market.as_str());
    faults.add_unless(issuer.is_some(), format!("{path}/market"), || Reason::NoIssuer);
    let Some(LegalEntity { currency, .. }) = issuer else { return };
    // The market's other prices are in the currency of its first.
    let mut prices = catalog.prices.iter().enumerate();
    if let Some((index, price)) = prices.find(|(_, price)| price.market == edition.market) {
        let fits = price.monthly.currency == currency;
        faults.add_unless(fits, format!("/prices/{index}/monthly/currency"), || Reason::OtherCurrency {
            expected: currency,
        });
    }
}

/// Projects and edition agree about the skills, and recruiters lack none.
fn skills(catalog: &Catalog, edition: &Edition, path: &str, faults: &mut Faults) {
    let projects = Vec::from_iter(edition.projects.iter().map(|project| catalog.project(project)));
    for (index, skill) in edition.skills.iter().enumerate() {
        let judged = projects.iter().flatten().any(|project| project.skills.contains(skill));
        faults.add_unless(judged, format!("{path}/skills/{index}"), || Reason::SkillWithoutProject {
            skill: skill.clone(),
        });
    }
    for (index, project) in projects.iter().enumerate() {
        let judged = project.map_or(&[][..], |project| &project.skills).iter();
        let skills = Vec::from_iter(judged.filter(|skill| !edition.skills.contains(skill)).cloned());
        faults.add_unless(skills.is_empty(), format!("{path}/projects/{index}"), || {
            Reason::SkillsOutsideEdition { skills }
        });
        // Recognized or judged, a skill shortens one project: in two, its months would count twice.
        let before = || projects[..index].iter().flatten().flat_map(|project| &project.skills);
        let judged = project.map_or(&[][..], |project| &project.skills).iter();
        let skills = Vec::from_iter(judged.filter(|skill| before().any(|it| it == *skill)).cloned());
        faults.add_unless(skills.is_empty(), format!("{path}/projects/{index}"), || {
            Reason::SkillsJudgedBefore { skills }
        });
    }
    let skills = catalog.missing_skills(edition);
    faults.add_unless(skills.is_empty(), format!("{path}/skills"), || Reason::MissingSkills { skills });
}

/// Even at one hour a week the path fits what can be written as months.
fn length(catalog: &Catalog, edition: &Edition, path: &str, faults: &mut Faults) {
    let projects = edition.projects.iter().filter_map(|project| catalog.project(project));
    let nominal = projects.fold(Months::ZERO, |sum, project| sum.plus(project.nominal_months));
    let slowest = nominal.scaled(edition.nominal_hours_per_week, 1).scaled(P90_MONTHS, RANGE_MONTHS);
    faults.add_unless(slowest <= Months::MAX, format!("{path}/projects"), || Reason::OutOfRange {
        expected: format!("projects that take at most {} months at one hour a week", Months::MAX),
    });
}

/// All that a student of the edition reads is there in a language.
fn texts(catalog: &Catalog, edition: &Edition, language: &Language, faults: &mut Faults) {
    let mut need = |text: &Text, path: String| {
        let written = text.in_language(language).is_some();
        faults.add_unless(written, path, || Reason::NoText { language: language.clone() });
    };
    for (index, degree) in catalog.degrees.iter().enumerate().filter(|(_, it)| it.id == edition.degree) {
        need(&degree.title, format!("/degrees/{index}/title"));
    }
    for (index, skill) in catalog.skills.iter().enumerate().filter(|(_, it)| edition.skills.contains(&it.id))
    {
        need(&skill.label, format!("/skills/{index}/label"));
    }
    for (index, course) in catalog.courses.iter().enumerate() {
        if edition.courses.iter().any(|taken| taken.id == course.id && taken.version == course.version) {
            need(&course.title, format!("/courses/{index}/title"));
            for (nth, unit) in course.units.iter().enumerate() {
                need(&unit.title, format!("/courses/{index}/units/{nth}/title"));
            }
        }
    }
    for (index, project) in catalog.projects.iter().enumerate() {
        if edition.projects.contains(&project.id) {
            project_texts(project, &format!("/projects/{index}"), &mut need);
        }
    }
}

fn project_texts(project: &Project, path: &str, need: &mut impl FnMut(&Text, String)) {
    need(&project.title, format!("{path}/title"));
    need(&project.brief, format!("{path}/brief"));
    for (index, criterion) in project.criteria.iter().enumerate() {
        need(&criterion.text, format!("{path}/criteria/{index}/text"));
    }
}
