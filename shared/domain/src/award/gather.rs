//! How the facts of a decision are put together: what the edition teaches, held against what the
//! student showed.

use super::{
    Accreditation, Agreement, AwardFacts, AwardedSkill, DefenseFacts, Earned, Partner, ProjectFacts,
    ProjectOutcome, Proof, Recognition, RecordingFacts, SkillFacts, Stage,
};
use crate::catalog::{self, Prospectus, Text, Validity};
use crate::defense::{Defense, Evidence};
use crate::enrollment::{Enrollment, State};
use crate::id::{ProjectId, SkillId};
use crate::submission::Submission;

/// What an edition's version teaches, and who stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curriculum {
    /// The degree's title in the enrollment's language.
    pub title: String,
    /// Every accreditation, past and coming ones too.
    pub accreditations: Vec<Accreditation>,
    /// Every recognition, past and coming ones too.
    pub recognitions: Vec<Recognition>,
    /// Every agreement of its partners, past and coming ones too.
    pub agreements: Vec<Agreement>,
    /// Every skill, in its order.
    pub skills: Vec<TaughtSkill>,
    /// Every project, in its order.
    pub projects: Vec<ProjectId>,
}

/// A skill, and the project that teaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaughtSkill {
    /// As the award will name it.
    pub skill: AwardedSkill,
    /// Where it is shown.
    pub project: ProjectId,
}

impl Curriculum {
    /// What a prospectus says, in a language it is taught in; else in the language it was written
    /// in first.
    pub fn of(prospectus: &Prospectus, language: &str) -> Self {
        let in_language = |text: &Text| {
            let wanted = language.parse().ok().and_then(|language| text.in_language(&language));
            wanted.or(text.0.values().next().map(String::as_str)).unwrap_or_default().to_owned()
        };
        let project = |skill: &SkillId| {
            prospectus.projects.iter().find(|project| project.skills.contains(skill)).map(|it| it.id.clone())
        };
        let taught = |skill: &catalog::Skill| {
            let name = in_language(&skill.label);
            let esco_uri = skill.esco.clone();
            let project = project(&skill.id)?;
            let earned = Earned::default();
            Some(TaughtSkill {
                skill: AwardedSkill { skill: skill.id.clone(), name, esco_uri, earned },
                project,
            })
        };
        let accreditation =
            |it: &catalog::Accreditation| Accreditation { eqf_level: it.eqf_level, validity: it.valid };
        let recognition =
            |it: &catalog::Recognition| Recognition { country: it.country.to_string(), validity: it.valid };
        let agreements = |it: &catalog::Partner| {
            let partner = Partner { id: it.id.clone(), name: it.name.clone() };
            let agreed = |validity: &Validity| Agreement { partner: partner.clone(), validity: *validity };
            it.agreements.iter().map(agreed).collect::<Vec<_>>()
        };
        Self {
            title: in_language(&prospectus.degree.title),
            accreditations: prospectus.accreditations.iter().map(accreditation).collect(),
            recognitions: prospectus.recognitions.iter().map(recognition).collect(),
            agreements: prospectus.partners.iter().flat_map(agreements).collect(),
            // The catalog's check sees to it that each skill is taught by a project.
            skills: prospectus.skills.iter().filter_map(taught).collect(),
            projects: prospectus.projects.iter().map(|project| project.id.clone()).collect(),
        }
    }
}

impl AwardFacts {
    /// The facts about an enrollment. Of several defenses that showed a skill, the last one counts.
    pub fn gather(
        enrollment: &Enrollment,
        curriculum: Curriculum,
        defenses: &[Defense],
        submissions: &[Submission],
    ) -> Self {
        let skills = curriculum.skills.into_iter().map(|TaughtSkill { skill, project }| {
            let proof = proof(enrollment, defenses, &skill.skill);
            SkillFacts { skill, project, proof }
        });
        let skills: Vec<SkillFacts> = skills.collect();
        let outcome = |project: &ProjectId| outcome(project, &skills, defenses, submissions);
        let facts = |project: ProjectId| ProjectFacts { outcome: outcome(&project), project };
        let projects = curriculum.projects.into_iter().map(facts).collect();
        Self {
            enrollment: enrollment.id,
            stage: Stage::of(&enrollment.state),
            zone: enrollment.time_zone.clone(),
            person: enrollment.student,
            degree: enrollment.degree.clone(),
            title: curriculum.title,
            edition: enrollment.edition.clone(),
            version: enrollment.version,
            accreditations: curriculum.accreditations,
            recognitions: curriculum.recognitions,
            agreements: curriculum.agreements,
            projects,
            skills,
        }
    }
}

impl Stage {
    fn of(state: &State) -> Self {
        match state {
            State::Applied
            | State::Quoted { .. }
            | State::Active
            | State::Paused
            | State::Suspended { .. } => Self::Learning,
            State::AwardPending { .. } => Self::AwardPending,
            State::Completed { .. } => Self::Completed,
            State::Withdrawn { .. } => Self::Withdrawn,
        }
    }
}

/// A verdict outweighs a recognition: it rests on more.
fn proof(enrollment: &Enrollment, defenses: &[Defense], skill: &SkillId) -> Proof {
    let showing = defenses.iter().filter(|defense| defense.acquired().contains(skill));
    match showing.max_by_key(|defense| defense.number()) {
        Some(defense) => Proof::Verdict { defense: defense.id() },
        None if enrollment.recognized_skills.contains(skill) => Proof::Recognized,
        None => Proof::Missing,
    }
}

fn outcome(
    project: &ProjectId,
    skills: &[SkillFacts],
    defenses: &[Defense],
    submissions: &[Submission],
) -> ProjectOutcome {
    let of_project = || skills.iter().filter(|fact| fact.project == *project);
    // A project without a skill of its own would be exempted by saying nothing.
    if of_project().next().is_some() && of_project().all(|fact| fact.proof == Proof::Recognized) {
        return ProjectOutcome::Exempted;
    }
    let counts =
        |defense: &&Defense| of_project().any(|fact| fact.proof == Proof::Verdict { defense: defense.id() });
    let mut defenses: Vec<&Defense> = defenses.iter().filter(counts).collect();
    defenses.sort_by_key(|defense| defense.number());
    ProjectOutcome::Defended(defenses.into_iter().map(|defense| facts(defense, submissions)).collect())
}

fn facts(defense: &Defense, submissions: &[Submission]) -> DefenseFacts {
    let submission = defense.request().submission;
    let sealed = submissions.iter().find(|known| known.id == submission).and_then(Submission::work);
    let seal = defense.verdict().and_then(|verdict| verdict.seal.as_ref());
    let recording = match seal.map(|seal| &seal.evidence) {
        Some(Evidence::Recording { sha256 }) => match sha256.parse() {
            Ok(sha256) => RecordingFacts::Verified { sha256 },
            Err(_) => RecordingFacts::Missing,
        },
        Some(Evidence::Waiver(_)) => RecordingFacts::Waived,
        None => RecordingFacts::Missing,
    };
    DefenseFacts {
        defense: defense.id(),
        submission,
        manifest_sha256: sealed.map(|work| work.manifest_sha256),
        recording,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::defense::example::{announced, asked_at, drafted, request, stored, student, verified};
    use crate::enrollment::{Application, Offer};
    use crate::money::{Currency, Money};

    fn enrollment(recognized: &[&str]) -> Enrollment {
        let application = Application {
            id: request().enrollment,
            student: student(),
            language: "en".into(),
            time_zone: "Europe/London".parse().expect("a zone"),
            hours_per_week: 20,
            start_on: "2027-02-07".parse().expect("a date"),
            recognized_skills: recognized.iter().map(|word| word.parse().expect("a slug")).collect(),
        };
        let offer = Offer {
            degree: "web-development".parse().expect("a slug"),
            edition: "web-development-gb".parse().expect("a slug"),
            market: "GB".into(),
            version: 1,
            languages: vec!["en".into()],
            accredited: Vec::new(),
            monthly_price: Money::minor(30_000, Currency::Gbp),
            contract_version: 1,
        };
        Enrollment::apply(application, &offer).expect("a plan")
    }

    /// HTML and CSS are shown by the site, Git by the team project.
    fn curriculum() -> Curriculum {
        let taught = |(skill, project): (&str, &str)| TaughtSkill {
            skill: AwardedSkill {
                skill: skill.parse().expect("a slug"),
                name: skill.into(),
                esco_uri: None,
                earned: Earned::default(),
            },
            project: project.parse().expect("a slug"),
        };
        let skills = [("html", "portfolio-site"), ("css", "portfolio-site"), ("git", "team")].map(taught);
        Curriculum {
            title: "Web developer".into(),
            accreditations: Vec::new(),
            recognitions: Vec::new(),
            agreements: Vec::new(),
            projects: Vec::from_iter(BTreeSet::from_iter(skills.iter().map(|taught| taught.project.clone()))),
            skills: skills.into(),
        }
    }

    #[test]
    fn a_prospectus_says_who_stands_behind_every_skill() {
        let prospectus = catalog::fixture::prospectus();
        let curriculum = Curriculum::of(&prospectus, "en");
        assert_eq!(curriculum.skills.len(), prospectus.edition.skills.len());
        assert_eq!(curriculum.projects, prospectus.edition.projects);
        assert_eq!(curriculum.recognitions.len(), 29);
        assert!(curriculum.skills.iter().all(|taught| !taught.skill.name.is_empty()));
    }

    #[test]
    fn verdicts_prove_what_they_saw_and_recognition_the_rest() {
        let passed = verified(stored(announced(drafted(), "a"), "a"), "a");
        let facts = AwardFacts::gather(
            &enrollment(&["git", "css"]),
            curriculum(),
            std::slice::from_ref(&passed),
            &[],
        );
        let proofs = facts.skills.iter().map(|fact| fact.proof.clone());
        let verdict = || Proof::Verdict { defense: passed.id() };
        assert_eq!(Vec::from_iter(proofs), [verdict(), verdict(), Proof::Recognized]);
        let ProjectOutcome::Defended(defenses) = &facts.projects[0].outcome else { panic!("defended") };
        assert_eq!(defenses.len(), 1);
        assert!(matches!(defenses[0].recording, RecordingFacts::Verified { .. }));
        assert_eq!(defenses[0].manifest_sha256, None);
        assert_eq!(facts.projects[1].outcome, ProjectOutcome::Exempted);
    }

    #[test]
    fn a_draft_and_an_annulled_verdict_prove_nothing() {
        let passed = verified(stored(announced(drafted(), "a"), "a"), "a");
        let annulled = passed.annulled(student(), "a mistake".into(), asked_at()).expect("held");
        let facts = AwardFacts::gather(&enrollment(&[]), curriculum(), &[drafted(), annulled], &[]);
        assert!(facts.skills.iter().all(|fact| fact.proof == Proof::Missing));
        assert_eq!(facts.projects[1].outcome, ProjectOutcome::Defended(Vec::new()));
    }
}
