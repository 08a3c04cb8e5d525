//! A crowd whose students have defended a project, all before one juror: their recordings are to come.

use std::collections::BTreeSet;

use domain::attempt::{Attempt, AttemptState};
use domain::conflict::ConflictSet;
use domain::defense::{Defense, DefensePolicy, DefenseRefusal, DefenseRequest, Ending, Identity, Slot, Wish};
use domain::enrollment::Enrollment;
use domain::id::{DefenseId, PersonId, SubmissionId};
use domain::time::Zone;
use jiff::{SignedDuration, Timestamp};
use storage::Store;

use super::{Crowd, EDITION, refused, unknown};
use crate::local_store::StartError;

/// What they defend, as in the sample catalog.
const PROJECT: &str = "small-business-site";
/// What is judged of it.
const SKILL: &str = "html";
/// How long before its time a defense was asked for: within the opening policy's notice.
const NOTICE: SignedDuration = SignedDuration::from_hours(16 * 24);
/// What a defense takes of its people's time, in minutes.
const MINUTES: u32 = 45;

/// Students who were heard, and are not judged yet.
#[derive(Debug, Clone)]
pub struct Defended {
    /// The students.
    pub crowd: Crowd,
    /// Who heard all of them, and may send the recordings.
    pub juror: PersonId,
    /// When all defenses began, on a quarter hour.
    pub starts_at: Timestamp,
    /// How long each of them lasted.
    pub lasted: SignedDuration,
}

impl Defended {
    /// Keeps one of the students, with the defense as it is once it was held.
    pub async fn hold(&self, store: &Store, index: u32) -> Result<DefenseId, StartError> {
        let edition = store.edition(&EDITION.parse().map_err(unknown)?, 1).await?;
        let offer = edition.and_then(|edition| edition.offer(self.crowd.since));
        let offer = offer.ok_or_else(|| unknown("no offer"))?;
        let enrollment = self.crowd.enrollment(index, &offer).ok_or_else(|| unknown("no place"))?;
        let conflicts = ConflictSet::new(enrollment.id, enrollment.student);
        let request = self.request(&enrollment)?;
        let defense = self.held(request, &enrollment.time_zone, &conflicts).map_err(unknown)?;
        let attempt = attempt(&defense);
        let transaction = store.transaction::<()>().set(&enrollment).set(&conflicts);
        transaction.set(&attempt).set(&defense).commit().await.map_err(refused)?;
        Ok(defense.id())
    }

    fn request(&self, enrollment: &Enrollment) -> Result<DefenseRequest, StartError> {
        let on = enrollment.time_zone.date_at(self.starts_at);
        Ok(DefenseRequest {
            enrollment: enrollment.id,
            degree: enrollment.degree.clone(),
            project: PROJECT.parse().map_err(unknown)?,
            student: enrollment.student,
            submission: SubmissionId::derived(&[&enrollment.id.to_string()]),
            mentor: PersonId::derived(&["mentor of all"]),
            skills: BTreeSet::from([SKILL.parse().map_err(unknown)?]),
            wish: Wish { from: on, to: on },
        })
    }

    /// The defense from the request to its end, each step by its own rule.
    fn held(
        &self,
        request: DefenseRequest,
        zone: &Zone,
        conflicts: &ConflictSet,
    ) -> Result<Defense, DefenseRefusal> {
        let (policy, asked_at) = (&DefensePolicy::OPENING, self.starts_at - NOTICE);
        let slot = Slot::new(self.starts_at, MINUTES, policy, asked_at)?;
        let people = [request.student, self.juror];
        let defense = Defense::requested(request, &[], zone, policy, asked_at)?;
        let defense = defense.assign_juror(self.juror, conflicts)?.schedule(slot, conflicts)?;
        let text = policy.consent_version.to_string();
        let consent = |defense: Defense, person| defense.consented(person, text.clone(), asked_at);
        let defense = people.into_iter().try_fold(defense, consent)?;
        let defense = defense.started(self.juror, Identity::Checked, conflicts, self.starts_at)?;
        defense.ended(Ending::Held, self.juror, self.starts_at + self.lasted)
    }
}

/// The student on the project, as far as that is once its defense is held.
fn attempt(defense: &Defense) -> Attempt {
    let request = defense.request();
    Attempt {
        enrollment: request.enrollment,
        project: request.project.clone(),
        ordinal: 1,
        state: AttemptState::DefenseScheduled,
        unlocked_at: Some(defense.requested_at()),
        submissions: Vec::new(),
        defense: Some(defense.id()),
        acquired: BTreeSet::new(),
        failed_defenses: 0,
    }
}
