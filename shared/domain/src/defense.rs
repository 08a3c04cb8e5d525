//! The jury: an oral exam of one project, judged by somebody who is no stranger to the trade but
//! one to the student.
//!
//! ```text
//! Requested -> JurorAssigned -> Scheduled -> InProgress -> AwaitingVerdict -> Passed | Conditional | Failed
//! ```
//!
//! Each step consumes the defense and returns the next one, or a named refusal. No step about a
//! juror does without the student's [`ConflictSet`], and no verdict is sealed without
//! [`Evidence`]: a verified recording or a signed waiver. One file a step:

mod adjust; // when something around it changes
mod appeal; // a third person judges again
mod conditions; // the 48 hours after a conditional verdict
mod evidence; // recordings and waivers: what a verdict rests on
mod holding; // consent, start, end
mod keeping; // recordings kept, reviewed, erased
mod plan; // what is to be different after two fails
mod planning; // juror, time, cancellation
mod policy; // the numbers
mod refusal; // why not
mod request; // what a mentor asks for
mod settle; // what a step changes besides the defense
mod state; // the states
mod verdict; // skill by skill, given once

#[cfg(test)]
pub(crate) mod example;
#[cfg(test)]
mod model;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::conflict::{ConflictSet, Reason};
use crate::id::{DefenseId, EnrollmentId, PersonId, ProjectId};
use crate::permission::{Relation, Subject};
use crate::person::Scope;
use crate::recording::Recording;
use crate::time::Zone;

pub use appeal::{Appeal, AppealDecision};
pub use conditions::{ConditionDecision, ConditionFinding, ConditionUpload};
pub use evidence::{Evidence, Waiver};
pub use holding::{Consent, Ending, Identity, Sitting};
pub use keeping::RECONCILED_EVERY;
pub use plan::ActionPlan;
pub use planning::Slot;
pub use policy::{DefenseAgenda, DefensePolicy};
pub use refusal::{DefenseRefusal, TEXT_CHARS_MAX};
pub use request::{DefenseRequest, Wish};
pub use settle::{Booking, Judging, Path, Settled};
pub use state::{Awaits, DefenseState, Outcome, Stage};
pub use verdict::{GivenVerdict, Overall, Seal, SkillJudgment, SkillVerdict, Verdict};

/// An oral exam of one project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defense {
    id: DefenseId,
    number: u32,
    request: DefenseRequest,
    requested_at: Timestamp,
    mentor: PersonId,
    juror: Option<PersonId>,
    slot: Option<Slot>,
    sequence: u32,
    consents: Vec<Consent>,
    sitting: Option<Sitting>,
    earlier_sittings: Vec<Sitting>,
    #[serde(default)]
    policy: DefensePolicy,
    #[serde(default)]
    failed_before: u32,
    #[serde(default)]
    plan: Option<ActionPlan>,
    #[serde(default)]
    decided_at: Option<Timestamp>,
    #[serde(default)]
    appeal: Option<Appeal>,
    #[serde(flatten)]
    state: DefenseState,
}

impl Defense {
    /// Asks for the defense of a project.
    ///
    /// `earlier` are the enrollment's defenses so far: none of this project may be open or passed,
    /// and their number makes the id, so that two requests at once are one. Some wished date must
    /// lie 14 to 21 days ahead (by the policy, counted on the student's calendar): a project of
    /// two months then has some six weeks of work before its defense is asked for.
    pub fn requested(
        request: DefenseRequest,
        earlier: &[Self],
        zone: &Zone,
        policy: &DefensePolicy,
        now: Timestamp,
    ) -> Result<Self, DefenseRefusal> {
        let of_project =
            |it: &&Self| it.request.enrollment == request.enrollment && it.request.project == request.project;
        let (mut number, mut failed_before) = (1, 0);
        for defense in earlier.iter().filter(of_project) {
            if defense.state.is_open() {
                return Err(DefenseRefusal::OpenDefense);
            }
            if defense.state.outcome() == Some(Outcome::Passed) {
                return Err(DefenseRefusal::AlreadyPassed);
            }
            number = number.max(defense.number + 1);
            failed_before += u32::from(defense.counts_as_failed());
        }
        if request.skills.is_empty() {
            return Err(DefenseRefusal::NothingToJudge);
        }
        request.wish.check(zone.date_at(now), policy)?;
        Ok(Self {
            id: Self::id_of(request.enrollment, &request.project, number),
            number,
            requested_at: now,
            mentor: request.mentor,
            request,
            juror: None,
            slot: None,
            sequence: 0,
            consents: Vec::new(),
            sitting: None,
            earlier_sittings: Vec::new(),
            policy: *policy,
            failed_before,
            plan: None,
            decided_at: None,
            appeal: None,
            state: DefenseState::Requested,
        })
    }

    /// The id of the n-th defense of an enrollment's project.
    pub fn id_of(enrollment: EnrollmentId, project: &ProjectId, number: u32) -> DefenseId {
        DefenseId::derived(&[&enrollment.to_string(), project.as_str(), &number.to_string()])
    }

    /// Its id.
    pub fn id(&self) -> DefenseId {
        self.id
    }

    /// The rules it is held by: those of the day it was asked for.
    pub fn policy(&self) -> &DefensePolicy {
        &self.policy
    }

    /// Which defense of its project it is, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// What was asked for.
    pub fn request(&self) -> &DefenseRequest {
        &self.request
    }

    /// When it was asked for.
    pub fn requested_at(&self) -> Timestamp {
        self.requested_at
    }

    /// The student's mentor today.
    pub fn mentor(&self) -> PersonId {
        self.mentor
    }

    /// Who judges it, once somebody is assigned.
    pub fn juror(&self) -> Option<PersonId> {
        self.juror
    }

    /// Its time, once one is chosen.
    pub fn slot(&self) -> Option<Slot> {
        self.slot
    }

    /// How often its time was chosen, as calendars count it.
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Who agreed to be recorded, also those who took it back.
    pub fn consents(&self) -> &[Consent] {
        &self.consents
    }

    /// How far it has come.
    pub fn state(&self) -> &DefenseState {
        &self.state
    }

    /// What happened once it started; of a defense held again, the last time.
    pub fn sitting(&self) -> Option<&Sitting> {
        self.sitting.as_ref()
    }

    /// What happened the times before, of a defense held again.
    pub fn earlier_sittings(&self) -> &[Sitting] {
        &self.earlier_sittings
    }

    /// The juror's verdict, drafted or sealed.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.sitting.as_ref()?.verdict.as_ref()
    }

    /// The recording that counts, else the last one announced.
    pub fn recording(&self) -> Option<&Recording> {
        self.sitting.as_ref()?.recording()
    }

    /// Whether the verdict can no longer change.
    pub fn is_sealed(&self) -> bool {
        self.verdict().is_some_and(|verdict| verdict.seal.is_some())
    }

    /// Whether it is a failed attempt. Absence, cancellation and broken technology never are.
    pub fn counts_as_failed(&self) -> bool {
        self.state.outcome() == Some(Outcome::Failed)
    }

    /// When it came to what it comes to; an appeal does not change that.
    pub fn decided_at(&self) -> Option<Timestamp> {
        let sealed = self.verdict().and_then(|verdict| verdict.seal.as_ref());
        self.decided_at.or_else(|| sealed.map(|seal| seal.sealed_at))
    }

    /// When the juror's verdict is due, once it was held and while none was given.
    pub fn verdict_due_at(&self) -> Option<Timestamp> {
        self.check_held("judged").ok()?;
        let sitting = self.sitting.as_ref().filter(|sitting| sitting.verdict.is_none())?;
        Some(policy::hours_after(sitting.ended_at?, self.policy.verdict_hours))
    }

    /// The conflicts that a failed defense makes, to be written with it: its juror, and whoever
    /// upheld the fail, never judge the student again.
    pub fn conflicts_made(&self) -> impl Iterator<Item = (PersonId, Reason)> {
        let reviewer = match self.state {
            DefenseState::Upheld { .. } => self.appeal.as_ref().and_then(|appeal| appeal.reviewer),
            _ => None,
        };
        let judged = [self.juror, reviewer].into_iter().flatten().filter(|_| self.counts_as_failed());
        judged.map(|person| (person, Reason::JurorOfAFailedDefense))
    }

    /// Whether the mentor's verdict may be shown: not to the juror before the own one is sealed, nor
    /// to whoever judges an appeal before the own decision, so that each judges independently.
    pub fn shows_mentor_verdict_to(&self, person: PersonId) -> bool {
        !self.is_blind(person) && (self.juror != Some(person) || self.is_sealed())
    }

    /// Whether the juror's words may be shown: to the others once they count.
    pub fn shows_verdict_to(&self, person: PersonId) -> bool {
        !self.is_blind(person) && (self.juror == Some(person) || self.is_sealed())
    }

    /// Whether somebody may judge: in no conflict, by the set and by what the defense itself knows.
    fn check_independent(&self, juror: PersonId, conflicts: &ConflictSet) -> Result<(), DefenseRefusal> {
        if conflicts.enrollment() != self.request.enrollment {
            return Err(DefenseRefusal::ConflictsOfAnother);
        }
        if self.parties().contains(&juror) || conflicts.excludes(juror) {
            return Err(DefenseRefusal::JurorInConflict { juror });
        }
        Ok(())
    }

    /// Whether somebody may judge it: in no conflict, by the set and by what the defense itself knows.
    pub fn may_be_judged_by(&self, person: PersonId, conflicts: &ConflictSet) -> bool {
        self.check_independent(person, conflicts).is_ok()
    }

    /// Whether somebody is there when it is held: its student and its juror.
    pub fn is_attended_by(&self, person: PersonId) -> bool {
        self.request.student == person || self.juror == Some(person)
    }

    /// Student and mentors, who know themselves that they are no strangers.
    fn parties(&self) -> [PersonId; 3] {
        [self.request.student, self.request.mentor, self.mentor]
    }

    /// The assigned juror, still in no conflict.
    fn independent_juror(&self, conflicts: &ConflictSet) -> Result<PersonId, DefenseRefusal> {
        let juror = self.juror.ok_or_else(|| self.wrong_state("judged"))?;
        self.check_independent(juror, conflicts)?;
        Ok(juror)
    }

    fn check_is_juror(&self, person: PersonId) -> Result<(), DefenseRefusal> {
        if self.juror == Some(person) { Ok(()) } else { Err(DefenseRefusal::NotTheJuror) }
    }

    fn wrong_state(&self, act: &'static str) -> DefenseRefusal {
        DefenseRefusal::WrongState { act, state: self.state.word() }
    }
}

impl Subject for Defense {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        let relation = |who: Option<PersonId>, relation| (who == Some(person)).then_some(relation);
        let held = [
            relation(Some(self.request.student), Relation::Owner),
            relation(Some(self.mentor), Relation::CurrentMentor),
            relation(self.juror, Relation::AssignedJuror),
            relation(self.appeal.as_ref().and_then(|appeal| appeal.reviewer), Relation::AppealReviewer),
        ];
        held.into_iter().flatten().collect()
    }

    fn scope(&self) -> Scope {
        Scope::Degree(self.request.degree.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::Date;

    use super::example::*;
    use super::*;

    const POLICY: &DefensePolicy = &DefensePolicy::OPENING;

    fn ask(request: DefenseRequest, earlier: &[Defense]) -> Result<Defense, DefenseRefusal> {
        Defense::requested(request, earlier, &Zone::utc(), POLICY, asked_at())
    }

    #[test]
    fn some_wished_date_lies_two_to_three_weeks_ahead() {
        let date = |text: &str| text.parse::<Date>().expect("a date");
        let (first, last) = (date("2027-04-07"), date("2027-04-14"));
        let check = |from, to, accepted| {
            let wish = Wish { from: date(from), to: date(to) };
            let expected =
                if accepted { None } else { Some(DefenseRefusal::WishOutsideNotice { first, last }) };
            assert_eq!(ask(DefenseRequest { wish, ..request() }, &[]).err(), expected, "{from} to {to}");
        };
        check("2027-04-07", "2027-04-07", true);
        check("2027-04-14", "2027-06-01", true);
        check("2027-03-24", "2027-04-07", true);
        check("2027-03-24", "2027-04-06", false);
        check("2027-04-15", "2027-04-20", false);
        check("2027-04-10", "2027-04-09", false);
    }

    #[test]
    fn the_notice_is_counted_on_the_students_calendar() {
        let auckland: Zone = "Pacific/Auckland".parse().expect("a zone");
        let late = at("2027-03-24T20:00:00Z");
        let wish = |day: &str| Wish { from: day.parse().expect("a date"), to: day.parse().expect("a date") };
        let ask = |day: &str| {
            Defense::requested(DefenseRequest { wish: wish(day), ..request() }, &[], &auckland, POLICY, late)
        };
        assert!(ask("2027-04-07").is_err());
        assert!(ask("2027-04-15").is_ok());
    }

    #[test]
    fn a_project_has_one_open_defense() {
        assert_eq!(ask(request(), &[requested()]), Err(DefenseRefusal::OpenDefense));
        let other = DefenseRequest { project: "api".parse().expect("a slug"), ..request() };
        assert_eq!(ask(other, &[requested()]).expect("another project").number(), 1);
        let called_off = requested().cancelled("ill".into(), asked_at()).expect("not held");
        let second = ask(request(), &[called_off]).expect("the first is over");
        assert_eq!(second.number(), 2);
        assert_ne!(second.id(), requested().id());
    }

    #[test]
    fn a_passed_project_is_not_defended_again() {
        let passed = verified(stored(announced(drafted(), "a"), "a"), "a");
        assert_eq!(ask(request(), &[passed]), Err(DefenseRefusal::AlreadyPassed));
    }

    #[test]
    fn there_is_no_defense_of_nothing() {
        let exempt = DefenseRequest { skills: BTreeSet::new(), ..request() };
        assert_eq!(ask(exempt, &[]), Err(DefenseRefusal::NothingToJudge));
    }

    #[test]
    fn student_mentor_and_juror_stand_in_their_relations() {
        let check = |person, expected: &[Relation]| {
            assert_eq!(assigned().relations(person, asked_at()), expected);
        };
        check(student(), &[Relation::Owner]);
        check(mentor(), &[Relation::CurrentMentor]);
        check(juror(), &[Relation::AssignedJuror]);
        check(staff(), &[]);
    }
}
