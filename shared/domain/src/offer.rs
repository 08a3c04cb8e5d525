//! What an edition's version offers to whoever enrolls now, and the terms that come with it.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::billing::Terms;
use crate::catalog::{Level, Policy, Prospectus};
use crate::defense::DefensePolicy;
use crate::enrollment::{Offer, Validity};
use crate::id::{ProjectId, SkillId};
use crate::pairing::PairingPolicy;
use crate::session::SessionPolicy;

/// The version of the contract that students are offered.
pub const CONTRACT_VERSION: u32 = 1;

impl Prospectus {
    /// What is offered to somebody who enrolls on a date; nothing where no price holds on it.
    pub fn offer(&self, on: Date) -> Option<Offer> {
        let languages = self.edition.published_languages().map(|language| language.as_str().to_owned());
        Some(Offer {
            degree: self.edition.degree.clone(),
            edition: self.edition.id.clone(),
            market: self.edition.market.as_str().to_owned(),
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

    /// The rules by which mentors are found on a date.
    pub fn pairing_policy_on(&self, date: Date) -> PairingPolicy {
        self.policy_on(date).map_or(PairingPolicy::OPENING, Policy::pairing)
    }

    /// The rules for a session that is booked on a date.
    pub fn session_policy_on(&self, date: Date) -> SessionPolicy {
        self.policy_on(date).map_or(SessionPolicy::OPENING, Policy::sessions)
    }

    /// The rules for a defense that is asked for on a date.
    pub fn defense_policy_on(&self, date: Date) -> DefensePolicy {
        self.policy_on(date).map_or(DefensePolicy::OPENING, Policy::defenses)
    }

    /// The projects of which nothing is left to prove.
    pub fn exempted(&self, recognized: &BTreeSet<SkillId>) -> BTreeSet<ProjectId> {
        let done = |project: &&crate::catalog::Project| {
            project.skills.iter().all(|skill| recognized.contains(skill))
        };
        self.projects.iter().filter(done).map(|project| project.id.clone()).collect()
    }

    /// The highest level of the projects of which something is left to prove: whoever mentors the path has to be
    /// up to it.
    pub fn level_left(&self, recognized: &BTreeSet<SkillId>) -> Level {
        let exempted = self.exempted(recognized);
        let left = self.projects.iter().filter(|project| !exempted.contains(&project.id));
        left.map(|project| project.level).max().unwrap_or_default()
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
            cooling_off_days: self.cooling_off_days.value,
            dunning_days: self.dunning_days.value,
            completion: self.completion.value,
            pause_begins: self.pause_begins.value,
        }
    }

    /// The part of the policy that mentors are found by.
    pub fn pairing(&self) -> PairingPolicy {
        PairingPolicy {
            session_minutes: self.session_minutes.value,
            language_level_min: self.mentor_language_level_min.value,
            waking: self.waking_hours.value,
            novice_seats_max: self.novice_seats_max.value,
        }
    }

    /// The part of the policy that sessions are judged by.
    pub fn sessions(&self) -> SessionPolicy {
        SessionPolicy {
            notice_hours: self.cancellation_hours.value,
            no_show_share: self.no_show_share.value,
            join_early_minutes: self.join_early_minutes.value,
            join_late_minutes: self.join_late_minutes.value,
            report_hours: self.report_hours.value,
            remind_hours: self.session_reminder_hours.value,
            report_remind_hours: self.report_reminder_hours.value,
            statement_days: self.statement_days.value,
            make_up_days: self.make_up_days.value,
            minutes_min: self.session_minutes_min.value,
            minutes_max: self.session_minutes_max.value,
        }
    }

    /// The part of the policy that defenses are held by.
    pub fn defenses(&self) -> DefensePolicy {
        DefensePolicy {
            notice_days_min: self.notice_days_min.value,
            notice_days_max: self.notice_days_max.value,
            length_minutes_min: self.defense_minutes_min.value,
            length_minutes_max: self.defense_minutes_max.value,
            length_minutes: self.defense_minutes.value,
            per_day_max: self.defenses_per_day_max.value,
            per_week_max: self.defenses_per_week_max.value,
            juror_language_level_min: self.juror_language_level_min.value,
            start_minutes_early: self.defense_early_minutes.value,
            start_minutes_late: self.defense_late_minutes.value,
            no_show_minutes: self.defense_no_show_minutes.value,
            condition_upload_hours: self.condition_upload_hours.value,
            condition_decision_hours: self.condition_decision_hours.value,
            recording_hours: self.recording_hours.value,
            recording_share_percent: self.recording_share_percent.value,
            statement_days: self.statement_days.value,
            verdict_hours: self.verdict_hours.value,
            appeal_days: self.appeal_days.value,
            plan_after_failed: self.plan_after_failed.value,
            agenda: self.defense_agenda.value,
            consent_version: self.recording_consent_version.value,
            retention_days: self.recording_retention_days.value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fixture;

    /// The opening numbers stand in the catalog's files and, for what was kept before, in the code.
    #[test]
    fn the_opening_numbers_are_the_sample_policys() {
        let policy = fixture::policy();
        assert_eq!(policy.terms(), Terms::OPENING);
        assert_eq!(policy.sessions(), SessionPolicy::OPENING);
        assert_eq!(policy.defenses(), DefensePolicy::OPENING);
    }

    #[test]
    fn a_number_holds_from_the_date_of_its_policy() {
        let mut prospectus = fixture::prospectus();
        let mut later = prospectus.policies[0].clone();
        later.since = "2027-06-01".parse().expect("a date");
        later.cancellation_hours.value = 48;
        later.condition_upload_hours.value = 72;
        prospectus.policies.push(later);
        let on = |date: &str| {
            let date = date.parse().expect("a date");
            let sessions = prospectus.session_policy_on(date);
            (sessions.notice_hours, prospectus.defense_policy_on(date).condition_upload_hours)
        };
        assert_eq!((on("2027-05-31"), on("2027-06-01")), ((24, 48), (48, 72)));
    }
}
