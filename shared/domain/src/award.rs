//! The decision that ends a degree: award it, or name the skills to prove again.
//!
//! Staff decide once every project is validated or exempted. An [`Award`] is the legal fact; it
//! copies what was true that day (level, countries, partners, hashes), because none of it may
//! change afterwards. What the graduate carries away is made from it in
//! [`credential`](crate::credential).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Sha256Hex;
use crate::id::{
    AwardId, DefenseId, DegreeId, EditionId, EnrollmentId, PartnerId, PersonId, ProjectId, SkillId,
    SubmissionId,
};
use crate::permission::{Relation, Subject};
use crate::person::Scope;

mod again; // what becomes of a student who is to prove more
mod facts; // what the decision looks at
mod gather; // how the facts are put together from the other topics

pub use again::AgainRefused;
pub use facts::{
    Accreditation, Agreement, AwardFacts, DefenseFacts, ProjectFacts, ProjectOutcome, Proof, Recognition,
    RecordingFacts, SkillFacts, Stage,
};
pub use gather::{Curriculum, TaughtSkill};

/// What is decided about an enrollment that awaits its award.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum AwardDecision {
    /// The degree is earned.
    Award,
    /// Some skills are to be shown once more; the enrollment is active again from that day.
    ProveAgain {
        /// Which ones, each once.
        skills: Vec<SkillId>,
    },
}

/// A skill as a graduate's papers name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwardedSkill {
    /// The edition's word for it.
    pub skill: SkillId,
    /// Its name in the enrollment's language.
    pub name: String,
    /// Its URI in ESCO, where it has one.
    pub esco_uri: Option<String>,
    /// How the graduate came by it.
    #[serde(default)]
    pub earned: Earned,
}

/// How a graduate came by a skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Earned {
    /// It was shown in a defense; so is every skill of an award that does not say.
    #[default]
    Acquired,
    /// It was recognized from earlier learning.
    Recognized,
}

/// Who stands on the certificate beside the school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// The catalog's word for them.
    pub id: PartnerId,
    /// The name to print.
    pub name: String,
}

/// What a project's verdicts rest on: hashes, never links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The project.
    pub project: ProjectId,
    /// The work that was defended.
    pub submission: SubmissionId,
    /// The manifest hash of that work.
    pub manifest_sha256: Sha256Hex,
    /// The defense.
    pub defense: DefenseId,
    /// The hash of its recording; none where a signed waiver stands for it.
    pub recording_sha256: Option<Sha256Hex>,
}

/// The legal fact that a degree was earned, with what was true that day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    /// Derived from enrollment and degree: an enrollment is awarded once.
    pub id: AwardId,
    /// What it ends.
    pub enrollment: EnrollmentId,
    /// Who earned it.
    pub person: PersonId,
    /// The degree.
    pub degree: DegreeId,
    /// Its title.
    pub title: String,
    /// The edition it was learned on.
    pub edition: EditionId,
    /// The edition's version.
    pub version: u32,
    /// The day of the decision, in the enrollment's zone.
    pub awarded_on: Date,
    /// Level of the European Qualifications Framework that day.
    pub eqf_level: u8,
    /// Where it was recognized that day, by ISO 3166-1 code.
    pub countries: BTreeSet<String>,
    /// Whose agreement was valid that day.
    pub partners: Vec<Partner>,
    /// Every skill of the edition.
    pub skills: Vec<AwardedSkill>,
    /// What the verdicts rest on, in the order of the projects; exempted ones have none.
    pub evidence: Vec<Evidence>,
    /// Who decided.
    pub decided_by: PersonId,
    /// When.
    pub decided_at: Timestamp,
}

/// The order to show some skills once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProveAgain {
    /// The enrollment that is active again.
    pub enrollment: EnrollmentId,
    /// The student.
    pub person: PersonId,
    /// What to show.
    pub skills: Vec<SkillId>,
    /// Where: these projects are open again.
    pub projects: BTreeSet<ProjectId>,
    /// The day of the decision, in the enrollment's zone: the new anchor.
    pub decided_on: Date,
    /// Who decided.
    pub decided_by: PersonId,
    /// When.
    pub decided_at: Timestamp,
}

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decided {
    /// The degree is earned.
    Award(Award),
    /// It is not yet.
    ProveAgain(ProveAgain),
}

/// Why nothing was decided.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AwardRefusal {
    /// A decision is made once.
    #[error("the degree was awarded already")]
    AlreadyDecided,
    /// Projects are open, or the enrollment has ended.
    #[error("the enrollment does not await an award")]
    NotPending,
    /// No accreditation gives the degree a level that day.
    #[error("no accreditation covers {on}")]
    NotAccredited {
        /// The day of the decision.
        on: Date,
    },
    /// Skills that no sealed verdict or recognition covers.
    #[error("these skills are not acquired: {}", list(skills))]
    SkillsOpen {
        /// Which.
        skills: Vec<SkillId>,
    },
    /// Projects without a manifest hash or a recording's hash for each verdict that counts.
    #[error("the evidence of these projects is missing: {}", list(projects))]
    EvidenceMissing {
        /// Which.
        projects: Vec<ProjectId>,
    },
    /// "Prove again" says what.
    #[error("name at least one skill to prove again")]
    NothingToProve,
    /// Not a skill of the edition, or named twice.
    #[error("not skills of the edition, or named twice: {}", list(skills))]
    UnknownSkills {
        /// Which.
        skills: Vec<SkillId>,
    },
}

/// Decides about an enrollment, by the school's clock.
pub fn decide(
    facts: AwardFacts,
    decision: AwardDecision,
    by: PersonId,
    now: Timestamp,
) -> Result<Decided, AwardRefusal> {
    match facts.stage {
        Stage::AwardPending => {}
        Stage::Completed => return Err(AwardRefusal::AlreadyDecided),
        Stage::Learning | Stage::Withdrawn => return Err(AwardRefusal::NotPending),
    }
    match decision {
        AwardDecision::Award => award(facts, by, now).map(Decided::Award),
        AwardDecision::ProveAgain { skills } => prove_again(facts, skills, by, now).map(Decided::ProveAgain),
    }
}

fn award(facts: AwardFacts, by: PersonId, now: Timestamp) -> Result<Award, AwardRefusal> {
    let open = facts.skills.iter().filter(|fact| fact.proof == Proof::Missing);
    let open: Vec<_> = open.map(|fact| fact.skill.skill.clone()).collect();
    if !open.is_empty() {
        return Err(AwardRefusal::SkillsOpen { skills: open });
    }
    let evidence = evidence(&facts)?;
    let today = facts.zone.date_at(now);
    let accredited = facts.accreditations.iter().filter(|accreditation| accreditation.validity.covers(today));
    let Some(accreditation) = accredited.max_by_key(|accreditation| accreditation.validity.from) else {
        return Err(AwardRefusal::NotAccredited { on: today });
    };
    let recognized = facts.recognitions.into_iter().filter(|recognition| recognition.validity.covers(today));
    let agreed = facts.agreements.into_iter().filter(|agreement| agreement.validity.covers(today));
    Ok(Award {
        id: Award::id_of(facts.enrollment, &facts.degree),
        enrollment: facts.enrollment,
        person: facts.person,
        degree: facts.degree,
        title: facts.title,
        edition: facts.edition,
        version: facts.version,
        awarded_on: today,
        eqf_level: accreditation.eqf_level,
        countries: recognized.map(|recognition| recognition.country).collect(),
        partners: agreed.map(|agreement| agreement.partner).collect(),
        skills: facts.skills.into_iter().map(SkillFacts::awarded).collect(),
        evidence,
        decided_by: by,
        decided_at: now,
    })
}

/// The evidence of every defended project, complete for every verdict that counts.
fn evidence(facts: &AwardFacts) -> Result<Vec<Evidence>, AwardRefusal> {
    let mut missing = BTreeSet::new();
    let mut evidence = Vec::new();
    for ProjectFacts { project, outcome } in &facts.projects {
        let ProjectOutcome::Defended(defenses) = outcome else { continue };
        let complete: Option<Vec<_>> = defenses.iter().map(|defense| defense.evidence(project)).collect();
        match complete {
            Some(complete) if !complete.is_empty() => evidence.extend(complete),
            _ => _ = missing.insert(project.clone()),
        }
    }
    for fact in &facts.skills {
        let Proof::Verdict { defense } = fact.proof else { continue };
        if !evidence.iter().any(|evidence| evidence.defense == defense) {
            missing.insert(fact.project.clone());
        }
    }
    if missing.is_empty() {
        return Ok(evidence);
    }
    Err(AwardRefusal::EvidenceMissing { projects: missing.into_iter().collect() })
}

fn prove_again(
    facts: AwardFacts,
    skills: Vec<SkillId>,
    by: PersonId,
    now: Timestamp,
) -> Result<ProveAgain, AwardRefusal> {
    if skills.is_empty() {
        return Err(AwardRefusal::NothingToProve);
    }
    // A skill leaves the set when it is named, so that its second mention is unknown.
    let mut known: BTreeMap<_, _> =
        facts.skills.into_iter().map(|fact| (fact.skill.skill, fact.project)).collect();
    let (mut projects, mut unknown) = (BTreeSet::new(), Vec::new());
    for skill in &skills {
        match known.remove(skill) {
            Some(project) => _ = projects.insert(project),
            None => unknown.push(skill.clone()),
        }
    }
    if !unknown.is_empty() {
        return Err(AwardRefusal::UnknownSkills { skills: unknown });
    }
    Ok(ProveAgain {
        enrollment: facts.enrollment,
        person: facts.person,
        skills,
        projects,
        decided_on: facts.zone.date_at(now),
        decided_by: by,
        decided_at: now,
    })
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

impl Award {
    /// The id of the one award that this enrollment can lead to.
    pub fn id_of(enrollment: EnrollmentId, degree: &DegreeId) -> AwardId {
        AwardId::derived(&[&enrollment.to_string(), degree.as_str()])
    }
}

impl Subject for Award {
    fn relations(&self, person: PersonId, _now: Timestamp) -> Vec<Relation> {
        if person == self.person { vec![Relation::Owner] } else { Vec::new() }
    }

    fn scope(&self) -> Scope {
        Scope::Degree(self.degree.clone())
    }
}

#[cfg(test)]
#[path = "award/tests.rs"]
pub(crate) mod tests;
