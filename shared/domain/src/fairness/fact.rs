//! What one defense tells about how juries judge.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::FACTS_MAX;
use crate::assessment::{Assessment, CriterionVerdict, Met};
use crate::catalog::{Country, Criterion};
use crate::defense::{Defense, DefenseState, Overall, SkillVerdict, Verdict};
use crate::id::{CriterionId, DefenseId, EditionId, PersonId, ProjectId};
use crate::time::Zone;

/// A sealed verdict of a juror beside the mentor's on the same work. Nothing in it names the student.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JuryFact {
    /// Which defense: what a fact is told apart by.
    pub defense: DefenseId,
    /// The day, in UTC, on which the juror gave the verdict.
    pub decided_on: Date,
    /// Who judged.
    pub juror: PersonId,
    /// Who had accepted the work.
    pub mentor: PersonId,
    /// The edition that the student is enrolled on.
    pub edition: EditionId,
    /// The edition's market.
    pub market: Country,
    /// What was defended.
    pub project: ProjectId,
    /// What the juror's first verdict came to, whatever uploads or an appeal made of it.
    pub outcome: Overall,
    /// Both verdicts on each criterion of a skill that was judged.
    pub pairs: Vec<Pair>,
    /// How an appeal ended, once one has.
    pub appeal: Option<AppealEnd>,
}

/// Two verdicts on one criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// Which, within the project.
    pub criterion: CriterionId,
    /// What the mentor saw in the work.
    pub mentor: Met,
    /// What the juror said of the skill that it shows.
    pub juror: JurorWord,
}

/// A juror's word on a skill, without what is to be uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JurorWord {
    /// It was shown.
    Acquired,
    /// It was not shown yet.
    NotYet,
    /// Something was still to be uploaded.
    IfUploaded,
}

/// How an appeal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppealEnd {
    /// It changed nothing.
    Upheld,
    /// It turned the outcome.
    Overturned,
}

/// More facts than are compared at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("more than {FACTS_MAX} defenses cannot be compared at once: choose a shorter time")]
pub struct TooManyFacts;

impl From<&SkillVerdict> for JurorWord {
    fn from(verdict: &SkillVerdict) -> Self {
        match verdict {
            SkillVerdict::Acquired => Self::Acquired,
            SkillVerdict::NotYet => Self::NotYet,
            SkillVerdict::IfUploaded { .. } => Self::IfUploaded,
        }
    }
}

impl JuryFact {
    /// What a defense tells, beside the mentor's judgment of the work that it was about; `criteria` are the
    /// project's. Nothing while the verdict is not sealed, where the defense was annulled, and where the
    /// judgment is of other work.
    pub fn of(
        defense: &Defense,
        assessment: &Assessment,
        criteria: &[Criterion],
        edition: &EditionId,
        market: &Country,
    ) -> Option<Self> {
        let verdict = defense.verdict().filter(|verdict| verdict.seal.is_some())?;
        let annulled = matches!(defense.state(), DefenseState::Annulled { .. });
        if annulled || assessment.submission() != defense.request().submission {
            return None;
        }
        let pair = |mentor: &CriterionVerdict| {
            let criterion = criteria.iter().find(|it| it.id == mentor.criterion)?;
            let juror = word_on(verdict, criterion)?;
            Some(Pair { criterion: criterion.id.clone(), mentor: mentor.verdict, juror })
        };
        Some(Self {
            defense: defense.id(),
            decided_on: Zone::utc().date_at(verdict.given_at),
            juror: verdict.by,
            mentor: assessment.mentor(),
            edition: edition.clone(),
            market: market.clone(),
            project: defense.request().project.clone(),
            outcome: verdict.overall(),
            pairs: assessment.verdicts().iter().filter_map(pair).collect(),
            appeal: AppealEnd::of(defense.state()),
        })
    }

    /// Whether the juror passed it at once.
    pub fn is_passed(&self) -> bool {
        self.outcome == Overall::Passed
    }

    /// Of two facts about one defense the same is kept whichever came first: one that knows of an appeal.
    fn rank(&self) -> impl Ord + '_ {
        let of_pair = |pair: &Pair| (pair.criterion.clone(), pair.mentor as u8, pair.juror);
        let pairs = Vec::from_iter(self.pairs.iter().map(of_pair));
        let place = (&self.edition, &self.market, &self.project);
        (self.appeal, self.decided_on, self.juror, self.mentor, place, self.outcome as u8, pairs)
    }
}

/// The juror's word on the skill that a criterion shows; nothing where it was not judged.
fn word_on(verdict: &Verdict, criterion: &Criterion) -> Option<JurorWord> {
    let judged = verdict.skills.iter().find(|it| it.skill == criterion.skill)?;
    Some(JurorWord::from(&judged.verdict))
}

impl AppealEnd {
    const fn of(state: &DefenseState) -> Option<Self> {
        match state {
            DefenseState::Upheld { .. } => Some(Self::Upheld),
            DefenseState::Overturned { .. } => Some(Self::Overturned),
            _ => None,
        }
    }
}

/// Facts about different defenses, at most [`FACTS_MAX`].
///
/// What is added twice counts once, so that pages, months and markets may be gathered in any order and
/// merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JuryFacts(BTreeMap<DefenseId, JuryFact>);

impl JuryFacts {
    /// Those of a list.
    pub fn of(facts: impl IntoIterator<Item = JuryFact>) -> Result<Self, TooManyFacts> {
        let mut all = Self::default();
        for fact in facts {
            all.add(fact)?;
        }
        Ok(all)
    }

    /// Adds one.
    pub fn add(&mut self, fact: JuryFact) -> Result<(), TooManyFacts> {
        let full = self.0.len() >= FACTS_MAX;
        match self.0.entry(fact.defense) {
            Entry::Vacant(_) if full => return Err(TooManyFacts),
            Entry::Vacant(vacant) => drop(vacant.insert(fact)),
            Entry::Occupied(mut known) if known.get().rank() < fact.rank() => drop(known.insert(fact)),
            Entry::Occupied(_) => {}
        }
        Ok(())
    }

    /// Adds those of another part.
    pub fn merge(&mut self, other: Self) -> Result<(), TooManyFacts> {
        other.0.into_values().try_for_each(|fact| self.add(fact))
    }

    /// Each, by the defense's id.
    pub fn iter(&self) -> impl Iterator<Item = &JuryFact> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::Decision;
    use crate::defense::SkillJudgment;
    use crate::defense::example::*;
    use crate::id::SubmissionId;

    fn criterion(id: &str, shows: &str) -> Criterion {
        Criterion { id: id.parse().expect("a slug"), skill: skill(shows), text: Default::default() }
    }

    /// Two criteria show HTML, one CSS, and one a skill that was not judged.
    fn criteria() -> [Criterion; 4] {
        [("semantic", "html"), ("valid", "html"), ("responsive", "css"), ("tested", "tests")]
            .map(|(id, shows)| criterion(id, shows))
    }

    fn accepted(submission: &str) -> Assessment {
        let verdict = |it: &Criterion| CriterionVerdict {
            criterion: it.id.clone(),
            verdict: Met::Acquired,
            note: String::new(),
        };
        let (ids, verdicts) = (criteria().map(|it| it.id), criteria().iter().map(verdict).collect());
        let submission = SubmissionId::derived(&[submission]);
        Assessment::new(submission, mentor(), Decision::Accepted, verdicts, &ids, asked_at()).expect("valid")
    }

    fn sealed(skills: Vec<SkillJudgment>) -> Defense {
        let recorded = verified(stored(announced(held(), "a"), "a"), "a");
        recorded.verdict_given(juror(), skills, &conflicts(), ended_at()).expect("due").into_defense()
    }

    fn told(defense: &Defense, submission: &str) -> Option<JuryFact> {
        let edition = "web-gb".parse().expect("a slug");
        let market = "GB".parse().expect("a country");
        JuryFact::of(defense, &accepted(submission), &criteria(), &edition, &market)
    }

    #[test]
    fn each_criterion_of_a_judged_skill_has_both_words() {
        let upload = SkillVerdict::IfUploaded { what: "the tests".into() };
        let fact = told(&sealed(judgments(SkillVerdict::NotYet, upload)), "1").expect("sealed");
        let words = Vec::from_iter(fact.pairs.iter().map(|it| (it.criterion.as_str(), it.juror)));
        use JurorWord::{IfUploaded, NotYet};
        assert_eq!(words, [("semantic", NotYet), ("valid", NotYet), ("responsive", IfUploaded)]);
        assert!(fact.pairs.iter().all(|it| it.mentor == Met::Acquired));
        assert_eq!((fact.outcome, fact.appeal), (Overall::Failed, None));
        assert_eq!((fact.juror, fact.mentor), (juror(), mentor()));
        assert_eq!(fact.decided_on.to_string(), "2027-04-09");
    }

    #[test]
    fn what_does_not_count_tells_nothing() {
        let sealed = sealed(passing());
        assert!(told(&sealed, "1").is_some_and(|fact| fact.is_passed()));
        assert_eq!(told(&sealed, "2"), None, "a judgment of other work");
        assert_eq!(told(&drafted(), "1"), None);
        assert_eq!(told(&requested(), "1"), None);
        let annulled = sealed.annulled(staff(), "a mistake".into(), ended_at()).expect("final");
        assert_eq!(told(&annulled, "1"), None);
    }

    #[test]
    fn of_two_facts_the_one_that_knows_of_an_appeal_is_kept() {
        let before = told(&sealed(passing()), "1").expect("sealed");
        let after = JuryFact { appeal: Some(AppealEnd::Overturned), ..before.clone() };
        for facts in [[before.clone(), after.clone()], [after.clone(), before]] {
            let kept = JuryFacts::of(facts).expect("few");
            assert_eq!(Vec::from_iter(kept.iter()), [&after]);
        }
    }
}
