//! What every line of a catalog keeps to, published or not.

use std::collections::BTreeMap;

use super::{Faults, Kind, Reason, versioned};
use crate::catalog::project::ESCO_SKILL;
use crate::catalog::{Catalog, ENTITY_LINES_MAX, Edition, Project, Validity};
use crate::invoice::Treatment;
use crate::plan::HOURS_PER_WEEK;

pub(super) fn check(catalog: &Catalog, faults: &mut Faults) {
    unique(faults, "/degrees", catalog.degrees.iter().map(|degree| degree.id.to_string()));
    unique(faults, "/partners", catalog.partners.iter().map(|partner| partner.id.to_string()));
    unique(faults, "/skills", catalog.skills.iter().map(|skill| skill.id.to_string()));
    unique(faults, "/courses", catalog.courses.iter().map(|course| versioned(&course.id, course.version)));
    unique(faults, "/projects", catalog.projects.iter().map(|project| project.id.to_string()));
    let market = |market, version| versioned(market, version);
    unique(faults, "/prices", catalog.prices.iter().map(|price| market(&price.market, price.version)));
    unique(
        faults,
        "/taxes",
        catalog.taxes.iter().map(|rule| format!("{} since {}", rule.market, rule.since)),
    );
    unique(faults, "/entities", catalog.entities.iter().map(|entity| entity.market.to_string()));
    unique(faults, "/policies", catalog.policies.iter().map(|policy| policy.since.to_string()));
    unique(
        faults,
        "/editions",
        catalog.editions.iter().map(|edition| versioned(&edition.id, edition.version)),
    );

    partners(catalog, faults);
    skills(catalog, faults);
    courses(catalog, faults);
    for (index, project) in catalog.projects.iter().enumerate() {
        check_project(catalog, project, &format!("/projects/{index}"), faults);
    }
    prices(catalog, faults);
    taxes(catalog, faults);
    entities(catalog, faults);
    demand(catalog, faults);
    endorsements(catalog, faults);
    policies(catalog, faults);
    for (index, edition) in catalog.editions.iter().enumerate() {
        check_edition(catalog, edition, &format!("/editions/{index}"), faults);
    }
}

pub(super) fn unique(faults: &mut Faults, list: &str, ids: impl Iterator<Item = String>) {
    let mut first_at = BTreeMap::new();
    for (index, id) in ids.enumerate() {
        let path = format!("{list}/{index}");
        match first_at.get(&id) {
            Some(first) => faults.add(path, Reason::Duplicate { id, first: String::clone(first) }),
            None => _ = first_at.insert(id, path),
        }
    }
}

/// Each entry of a list names something that exists.
fn known<T: ToString>(
    faults: &mut Faults,
    list: &str,
    kind: Kind,
    ids: impl IntoIterator<Item = T>,
    exists: impl Fn(&T) -> bool,
) {
    for (index, id) in ids.into_iter().enumerate() {
        faults.add_unless(exists(&id), format!("{list}/{index}"), || unknown(kind, &id));
    }
}

fn unknown(kind: Kind, id: &impl ToString) -> Reason {
    Reason::Unknown { kind, id: id.to_string() }
}

pub(super) fn out_of_range(expected: impl ToString) -> Reason {
    Reason::OutOfRange { expected: expected.to_string() }
}

fn dates(faults: &mut Faults, path: &str, valid: &Validity) {
    if let (true, from, Some(until)) = (valid.is_empty(), valid.from, valid.until) {
        faults.add(path, Reason::EndsBeforeItStarts { from, until });
    }
}

pub(super) fn line(faults: &mut Faults, path: String, text: &str) {
    faults.add_unless(!text.trim().is_empty(), path, || Reason::Blank);
}

fn partners(catalog: &Catalog, faults: &mut Faults) {
    for (index, partner) in catalog.partners.iter().enumerate() {
        line(faults, format!("/partners/{index}/name"), &partner.name);
        for (nth, agreement) in partner.agreements.iter().enumerate() {
            dates(faults, &format!("/partners/{index}/agreements/{nth}"), agreement);
        }
    }
}

fn skills(catalog: &Catalog, faults: &mut Faults) {
    for (index, skill) in catalog.skills.iter().enumerate() {
        let fine = skill.esco.as_ref().is_none_or(|uri| uri.starts_with(ESCO_SKILL));
        faults.add_unless(fine, format!("/skills/{index}/esco"), || {
            out_of_range(format!("a URI that begins with {ESCO_SKILL}"))
        });
    }
}

fn courses(catalog: &Catalog, faults: &mut Faults) {
    for (index, course) in catalog.courses.iter().enumerate() {
        let path = format!("/courses/{index}");
        faults.add_unless(course.version > 0, format!("{path}/version"), || out_of_range("1 or more"));
        faults.add_unless(course.hours > 0, format!("{path}/hours"), || out_of_range("1 or more"));
        let cost = course.production_cost.amount_minor;
        faults.add_unless(cost >= 0, format!("{path}/production_cost/amount_minor"), || {
            out_of_range("0 or more")
        });
        if let Some(partner) = &course.partner {
            faults.add_unless(catalog.partner(partner).is_some(), format!("{path}/partner"), || {
                unknown(Kind::Partner, partner)
            });
        }
    }
}

fn check_project(catalog: &Catalog, project: &Project, path: &str, faults: &mut Faults) {
    let skills = format!("{path}/skills");
    unique(faults, &skills, project.skills.iter().map(ToString::to_string));
    known(faults, &skills, Kind::Skill, &project.skills, |skill| catalog.skill(skill).is_some());
    faults.add_unless(!project.skills.is_empty(), skills, || Reason::Empty);
    let months = project.nominal_months.as_hundredths();
    faults.add_unless(months > 0, format!("{path}/nominal_months"), || out_of_range("more than 0.0"));

    let criteria = format!("{path}/criteria");
    unique(faults, &criteria, project.criteria.iter().map(|criterion| criterion.id.to_string()));
    for (index, criterion) in project.criteria.iter().enumerate() {
        faults.add_unless(
            project.skills.contains(&criterion.skill),
            format!("{criteria}/{index}/skill"),
            || Reason::SkillOutsideProject { skill: criterion.skill.clone() },
        );
    }
    for skill in &project.skills {
        let shown = project.criteria.iter().any(|criterion| criterion.skill == *skill);
        faults.add_unless(shown, &criteria, || Reason::NoCriterion { skill: skill.clone() });
    }
}

fn prices(catalog: &Catalog, faults: &mut Faults) {
    for (index, price) in catalog.prices.iter().enumerate() {
        let path = format!("/prices/{index}");
        dates(faults, &format!("{path}/valid"), &price.valid);
        faults.add_unless(price.version > 0, format!("{path}/version"), || out_of_range("1 or more"));
        faults.add_unless(price.monthly.amount_minor >= 0, format!("{path}/monthly/amount_minor"), || {
            out_of_range("0 or more")
        });
        let earlier = catalog.prices[..index].iter().filter(|earlier| earlier.market == price.market);
        if let Some(first) = earlier.clone().next() {
            let (found, expected) = (price.monthly.currency, first.monthly.currency);
            faults.add_unless(found == expected, format!("{path}/monthly/currency"), || Reason::Currency {
                found,
                expected,
            });
        }
        for first in earlier.filter(|first| first.valid.overlaps(&price.valid)) {
            let (first, first_version, second) = (first.valid, first.version, price.valid);
            faults.add(format!("{path}/valid"), Reason::PricesOverlap { first, first_version, second });
        }
    }
}

fn taxes(catalog: &Catalog, faults: &mut Faults) {
    for (index, rule) in catalog.taxes.iter().enumerate() {
        let path = format!("/taxes/{index}");
        line(faults, format!("{path}/source"), &rule.source);
        match &rule.treatment {
            Treatment::Exempt { reason } => line(faults, format!("{path}/treatment/reason"), reason),
            Treatment::Standard { rate_basis_points, .. } => faults.add_unless(
                (1..10_000).contains(rate_basis_points),
                format!("{path}/treatment/rate_basis_points"),
                || out_of_range("1 to 9999 hundredths of a percent"),
            ),
        }
    }
}

fn entities(catalog: &Catalog, faults: &mut Faults) {
    for (index, entity) in catalog.entities.iter().enumerate() {
        let path = format!("/entities/{index}");
        line(faults, format!("{path}/name"), &entity.name);
        faults.add_unless(
            (1..=ENTITY_LINES_MAX).contains(&entity.address.len()),
            format!("{path}/address"),
            || out_of_range("1 to 6 lines"),
        );
        for (nth, text) in entity.address.iter().enumerate() {
            line(faults, format!("{path}/address/{nth}"), text);
        }
        if let Some(tax_id) = &entity.tax_id {
            line(faults, format!("{path}/tax_id"), tax_id);
        }
    }
}

fn demand(catalog: &Catalog, faults: &mut Faults) {
    for (index, signal) in catalog.demand.iter().enumerate() {
        let path = format!("/demand/{index}");
        faults.add_unless(catalog.degree(&signal.degree).is_some(), format!("{path}/degree"), || {
            unknown(Kind::Degree, &signal.degree)
        });
        faults.add_unless(catalog.skill(&signal.skill).is_some(), format!("{path}/skill"), || {
            unknown(Kind::Skill, &signal.skill)
        });
        line(faults, format!("{path}/source"), &signal.source);
    }
}

fn endorsements(catalog: &Catalog, faults: &mut Faults) {
    for (index, accreditation) in catalog.accreditations.iter().enumerate() {
        let path = format!("/accreditations/{index}");
        let exists = catalog.editions.iter().any(|edition| edition.id == accreditation.edition);
        faults
            .add_unless(exists, format!("{path}/edition"), || unknown(Kind::Edition, &accreditation.edition));
        let level = (1..=8).contains(&accreditation.eqf_level);
        faults.add_unless(level, format!("{path}/eqf_level"), || out_of_range("a level from 1 to 8"));
        line(faults, format!("{path}/accreditor"), &accreditation.accreditor);
        dates(faults, &format!("{path}/valid"), &accreditation.valid);
    }
    for (index, recognition) in catalog.recognitions.iter().enumerate() {
        let path = format!("/recognitions/{index}");
        faults.add_unless(catalog.degree(&recognition.degree).is_some(), format!("{path}/degree"), || {
            unknown(Kind::Degree, &recognition.degree)
        });
        line(faults, format!("{path}/source"), &recognition.source);
        dates(faults, &format!("{path}/valid"), &recognition.valid);
    }
}

fn policies(catalog: &Catalog, faults: &mut Faults) {
    faults.add_unless(!catalog.policies.is_empty(), "/policies", || Reason::Empty);
    for (index, policy) in catalog.policies.iter().enumerate() {
        for name in policy.impossible() {
            faults.add(format!("/policies/{index}/{name}/value"), out_of_range("a number that can be kept"));
        }
    }
}

fn check_edition(catalog: &Catalog, edition: &Edition, path: &str, faults: &mut Faults) {
    faults.add_unless(edition.version > 0, format!("{path}/version"), || out_of_range("1 or more"));
    let hours = HOURS_PER_WEEK.contains(&edition.nominal_hours_per_week);
    faults.add_unless(hours, format!("{path}/nominal_hours_per_week"), || {
        out_of_range(format!("{} to {}", HOURS_PER_WEEK.start(), HOURS_PER_WEEK.end()))
    });
    faults.add_unless(catalog.degree(&edition.degree).is_some(), format!("{path}/degree"), || {
        unknown(Kind::Degree, &edition.degree)
    });

    let list = |name: &str| format!("{path}/{name}");
    let languages = edition.languages.iter().map(|variant| variant.language.to_string());
    unique(faults, &list("languages"), languages);
    unique(faults, &list("partners"), edition.partners.iter().map(ToString::to_string));
    unique(faults, &list("courses"), edition.courses.iter().map(|course| course.id.to_string()));
    unique(faults, &list("projects"), edition.projects.iter().map(ToString::to_string));
    unique(faults, &list("skills"), edition.skills.iter().map(ToString::to_string));

    known(faults, &list("partners"), Kind::Partner, &edition.partners, |id| catalog.partner(id).is_some());
    let courses = edition.courses.iter().map(|course| course.word());
    let exists = |word: &String| catalog.courses.iter().any(|c| versioned(&c.id, c.version) == *word);
    known(faults, &list("courses"), Kind::Course, courses, exists);
    known(faults, &list("projects"), Kind::Project, &edition.projects, |id| catalog.project(id).is_some());
    known(faults, &list("skills"), Kind::Skill, &edition.skills, |id| catalog.skill(id).is_some());
}
