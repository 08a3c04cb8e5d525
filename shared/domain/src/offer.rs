//! What an edition's version offers to whoever enrolls now, and the terms that come with it.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::billing::Terms;
use crate::catalog::{Policy, Prospectus};
use crate::enrollment::{Offer, Validity};
use crate::id::{ProjectId, SkillId};

/// The version of the contract that students are offered.
pub const CONTRACT_VERSION: u32 = 1;

impl Prospectus {
    /// What is offered to somebody who enrolls on a date; nothing where no price holds on it.
    pub fn offer(&self, on: Date) -> Option<Offer> {
        let languages = self.edition.published_languages().map(|language| language.as_str().to_owned());
        Some(Offer {
            degree: self.edition.degree.clone(),
            edition: self.edition.id.clone(),
            version: self.edition.version,
            languages: languages.collect(),
            accredited: Offer::accredited_by(self),
            monthly_price: self.price_on(on)?.monthly,
            contract_version: CONTRACT_VERSION,
        })
    }

    /// The terms in force on a date; the opening ones before any policy.
    pub fn terms_on(&self, date: Date) -> Terms {
        self.policy_on(date).map_or(Terms::OPENING, Policy::terms)
    }

    /// The projects of which nothing is left to prove.
    pub fn exempted(&self, recognized: &BTreeSet<SkillId>) -> BTreeSet<ProjectId> {
        let done = |project: &&crate::catalog::Project| {
            project.skills.iter().all(|skill| recognized.contains(skill))
        };
        self.projects.iter().filter(done).map(|project| project.id.clone()).collect()
    }

    /// The projects in the order of the path.
    pub fn path(&self) -> Vec<ProjectId> {
        self.projects.iter().map(|project| project.id.clone()).collect()
    }
}

impl Offer {
    /// When students may start on an edition: one span per accreditation.
    pub fn accredited_by(prospectus: &Prospectus) -> Vec<Validity> {
        let given = prospectus.accreditations.iter().map(|given| given.valid);
        given.map(|valid| Validity { from: valid.from, to: valid.until }).collect()
    }
}

impl Policy {
    /// The part of the policy that enrollment and billing lean on.
    pub fn terms(&self) -> Terms {
        Terms {
            since: self.since,
            quote_days: self.quote_days.value,
            pause_months_max: self.pause_months_max.value,
            pause_reminder_days: self.pause_reminder_days.value,
            payment_days: self.payment_days.value,
            grace_days: self.grace_days.value,
            mentor_gap_days_max: self.mentor_gap_days_max.value,
        }
    }
}
