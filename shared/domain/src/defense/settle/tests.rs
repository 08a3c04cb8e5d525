//! What each step of a defense changes besides it.

use std::collections::BTreeSet;

use super::super::example::*;
use super::super::{Ending, Identity, SkillVerdict};
use super::*;
use crate::assessment::Decision;
use crate::attempt::{OpenDraft, first_attempts};
use crate::enrollment::State;
use crate::enrollment::scenario_test::begun;
use crate::id::{EnrollmentId, ProjectId};
use crate::recording::Probe;

const POLICY: &crate::defense::DefensePolicy = &crate::defense::DefensePolicy::OPENING;

/// A student with an accepted version of the project that the examples defend.
struct School {
    enrollment: Enrollment,
    attempts: Vec<Attempt>,
    conflicts: ConflictSet,
}

impl School {
    /// With these projects, the defended one first.
    fn of(projects: &[&str]) -> Self {
        let id = EnrollmentId::derived(&["maya"]);
        let projects: Vec<ProjectId> = projects.iter().map(|name| name.parse().expect("a slug")).collect();
        let mut attempts = first_attempts(id, &projects, &BTreeSet::new(), asked_at());
        let drafted = attempts[0].clone().open_draft(student(), asked_at()).expect("available");
        let OpenDraft::New { attempt, submission } = drafted else { panic!("no draft was open") };
        let sealed = attempt.seal(submission.id, asked_at()).expect("a draft");
        attempts[0] = sealed.assess(submission.id, Decision::Accepted).expect("sealed");
        Self { enrollment: Enrollment { id, ..begun("2027-02-07") }, attempts, conflicts: conflicts() }
    }

    fn path(&self) -> Path<'_> {
        let Self { enrollment, attempts, conflicts } = self;
        Path { enrollment, attempts, conflicts }
    }

    /// Writes what a step settles.
    fn keep(&mut self, settled: &Settled) {
        for changed in &settled.attempts {
            let own = self.attempts.iter_mut().find(|attempt| attempt.project == changed.project);
            *own.expect("one of the path") = changed.clone();
        }
        if let Some(enrollment) = settled.enrollment.clone() {
            self.enrollment = enrollment;
        }
        if let Some(conflicts) = settled.conflicts.clone() {
            self.conflicts = conflicts;
        }
    }

    fn take(&mut self, before: &Defense, next: Defense) -> Settled {
        let settled = before.settle(next, self.path(), ended_at()).expect("the attempt follows");
        self.keep(&settled);
        settled
    }

    /// As far as a time that was chosen.
    fn scheduled(projects: &[&str]) -> Self {
        let mut school = Self::of(projects);
        let asked = requested().settle_request(school.path(), asked_at()).expect("ready");
        school.keep(&asked);
        school.take(&requested(), assigned());
        school.take(&assigned(), scheduled());
        school
    }

    fn word(&self, index: usize) -> &'static str {
        self.attempts[index].state.word()
    }
}

#[test]
fn the_attempt_follows_the_defense() {
    let mut school = School::of(&["portfolio-site"]);
    let asked = requested().settle_request(school.path(), asked_at()).expect("ready");
    assert_eq!(asked.judge, None);
    school.keep(&asked);
    assert_eq!((school.word(0), school.attempts[0].defense), ("ready_for_defense", Some(requested().id())));
    let assigned_now = school.take(&requested(), assigned());
    assert_eq!((assigned_now.judge, assigned_now.booked), (Some(juror()), None));
    school.take(&assigned(), scheduled());
    assert_eq!(school.word(0), "defense_scheduled");
    let missed = scheduled().ended(Ending::StudentNoShow, juror(), ended_at()).expect("late");
    let freed = school.take(&scheduled(), missed).freed;
    assert_eq!(freed, scheduled().occupies());
    assert_eq!((school.word(0), school.attempts[0].defense), ("ready_for_defense", None));
}

#[test]
fn a_time_is_taken_until_the_defense_is_over_and_given_back_when_it_changes() {
    let mut school = School::scheduled(&["portfolio-site"]);
    let booked = scheduled().occupies().expect("it has a time");
    assert_eq!(booked.people, [student(), juror()]);
    let started = school.take(&agreed(), in_progress());
    assert_eq!((started.freed, started.booked), (None, None));
    let ended = school.take(&in_progress(), held());
    assert_eq!((ended.freed, ended.booked), (Some(booked), None));
    let another = scheduled().assign_juror(other_juror(), &conflicts()).expect("a stranger");
    let replaced = school.take(&scheduled(), another);
    assert_eq!((replaced.freed, replaced.booked), (Some(booked), None));
}

#[test]
fn a_defense_counts_for_its_juror_from_its_time_on_also_once_it_was_held() {
    let mut school = School::of(&["portfolio-site"]);
    let asked = requested().settle_request(school.path(), asked_at()).expect("accepted work");
    school.keep(&asked);
    school.take(&requested(), assigned());
    let judging = Some(Judging { juror: juror(), starts_at: starts_at() });
    let timed = school.take(&assigned(), scheduled());
    assert_eq!((timed.uncounted, timed.counted), (None, judging));
    for (before, next) in [(agreed(), in_progress()), (in_progress(), held())] {
        let settled = school.take(&before, next);
        assert_eq!((settled.uncounted, settled.counted), (None, None));
    }
    let missed = scheduled().ended(Ending::JurorNoShow, student(), ended_at()).expect("late");
    for next in [scheduled().assign_juror(other_juror(), &conflicts()).expect("a stranger"), missed] {
        let settled = School::scheduled(&["portfolio-site"]).take(&scheduled(), next);
        assert_eq!((settled.uncounted, settled.counted), (judging, None));
    }
}

#[test]
fn a_passed_defense_unlocks_the_next_project_and_the_last_one_concludes_study() {
    let recorded = stored(announced(drafted(), "a"), "a");
    let passed = verified(recorded.clone(), "a");

    let mut school = School::scheduled(&["portfolio-site", "api"]);
    let settled = school.take(&recorded, passed.clone());
    assert_eq!((school.word(0), school.word(1)), ("validated", "available"));
    assert_eq!((settled.enrollment, settled.judge), (None, Some(juror())));

    let mut school = School::scheduled(&["portfolio-site"]);
    let settled = school.take(&recorded, passed);
    assert_eq!(school.enrollment.state, State::AwardPending { concluded_at: ended_at() });
    let job = Job::ArrangeSessions { enrollment: school.enrollment.id };
    // What of the month is not used is looked at when the next day begins in London.
    let credit = Job::CreditUnused { enrollment: school.enrollment.id };
    let tomorrow = "2027-04-09T23:00:00Z".parse().expect("an instant");
    let keep = Job::KeepRecordings { defense: settled.defense.id(), at: ended_at() };
    let tell = Job::TellJury { defense: settled.defense.id() };
    let look = Job::ReconcileRecordings { defense: settled.defense.id() };
    let [keep, tell, job] = [keep, tell, job].map(|job| (job, ended_at()));
    let look = (look, ended_at() + RECONCILED_EVERY);
    assert_eq!(settled.jobs, [keep, look, tell, job, (credit, tomorrow)]);
}

/// Something may have been made of it while it was decoded.
#[test]
fn what_is_stored_of_a_rejected_recording_is_looked_at() {
    let recorded = stored(announced(held(), "a"), "a");
    let cut = Probe { cut_short: true, ..probe() };
    let rejected = recorded.clone().recording_probed(upload("a"), cut, &conflicts(), ended_at());
    let settled = School::scheduled(&["portfolio-site"]).take(&recorded, rejected.expect("stored"));
    let keep = Job::KeepRecordings { defense: settled.defense.id(), at: ended_at() };
    assert!(settled.jobs.contains(&(keep, ended_at())), "{:?}", settled.jobs);
}

#[test]
fn who_is_no_longer_studying_concludes_nothing() {
    let recorded = stored(announced(drafted(), "a"), "a");
    let mut school = School::scheduled(&["portfolio-site"]);
    school.enrollment.state = State::AwardPending { concluded_at: asked_at() };
    assert_eq!(school.take(&recorded, verified(recorded.clone(), "a")).enrollment, None);
    assert_eq!(school.word(0), "validated");
}

#[test]
fn a_fail_makes_a_conflict_with_its_juror() {
    let skills = judgments(SkillVerdict::NotYet, SkillVerdict::Acquired);
    let recorded = verified(stored(announced(held(), "a"), "a"), "a");
    let given = recorded.clone().verdict_given(juror(), skills, &conflicts(), ended_at());
    let mut school = School::scheduled(&["portfolio-site", "api"]);
    let settled = school.take(&recorded, given.expect("due").into_defense());
    assert!(settled.conflicts.expect("a new conflict").excludes(juror()));
    assert_eq!((school.word(0), school.word(1)), ("rework", "locked"));
    assert_eq!(school.attempts[0].acquired, [skill("css")].into());
}

#[test]
fn a_drafted_verdict_changes_nothing_yet() {
    let mut school = School::scheduled(&["portfolio-site"]);
    let settled = school.take(&held(), drafted());
    assert_eq!((settled.judge, settled.attempts.len()), (Some(juror()), 0));
    assert_eq!(school.word(0), "defense_scheduled");
}

#[test]
fn a_held_defense_is_looked_after() {
    let mut school = School::scheduled(&["portfolio-site"]);
    let defense = scheduled().id();
    let missing = (Job::MissRecording { defense }, hours_after(ended_at(), POLICY.recording_hours));
    let silent = (Job::MissVerdict { defense }, hours_after(ended_at(), POLICY.verdict_hours));
    let held = school.take(&in_progress(), held());
    let duty = held.duty.expect("the juror is paid");
    let closing = duty.closing(&school.enrollment, POLICY.statement_days).expect("a statement");
    assert_eq!(held.jobs, [missing.clone(), silent.clone(), closing.clone()]);
    let live = announced(in_progress(), "a");
    let over = live.clone().ended(Ending::Held, juror(), ended_at()).expect("in progress");
    assert_eq!(
        school.take(&live, over).jobs,
        [missing, silent, (Job::VerifyRecording { defense }, ended_at()), closing.clone()]
    );
    let broken = in_progress().ended(Ending::TechnicalFailure, juror(), ended_at());
    assert_eq!(school.take(&in_progress(), broken.expect("in progress")).jobs, [closing]);
}

#[test]
fn a_condition_is_closed_in_time_and_settled_once() {
    let asked = SkillVerdict::IfUploaded { what: "the tests".into() };
    let recorded = verified(stored(announced(held(), "a"), "a"), "a");
    let skills = judgments(asked, SkillVerdict::Acquired);
    let given = recorded.clone().verdict_given(juror(), skills, &conflicts(), ended_at());
    let conditional = given.expect("due").into_defense();
    let mut school = School::scheduled(&["portfolio-site"]);
    let until = hours_after(ended_at(), POLICY.condition_upload_hours);
    let defense = conditional.id();
    let close = (Job::CloseCondition { defense }, until);
    let tell = (Job::TellJury { defense }, ended_at());
    assert_eq!(school.take(&recorded, conditional.clone()).jobs, [tell, close]);
    assert_eq!(school.word(0), "conditional");
    let lapsed = conditional.clone().condition_lapsed(until).expect("over");
    let settled = school.take(&conditional, lapsed);
    assert_eq!((school.word(0), settled.judge), ("rework", None));
    assert!(settled.conflicts.expect("a fail").excludes(juror()));
}

#[test]
fn a_start_rests_on_the_juror_and_a_consent_does_not() {
    let mut school = School::scheduled(&["portfolio-site"]);
    assert_eq!(school.take(&scheduled(), agreed()).judge, None);
    let checked = agreed().started(juror(), Identity::Checked, &conflicts(), starts_at()).expect("on time");
    assert_eq!(school.take(&agreed(), checked).judge, Some(juror()));
}
