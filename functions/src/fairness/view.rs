//! How juries judge, as JSON.

use domain::fairness::{
    Alarm, AlarmKind, Coefficient, Compared, CriterionAgreement, Fairness, Group, Level, Share, Standing,
    Tally,
};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether juries judge alike. Shares are in thousandths; what is null has too few defenses to say.
#[derive(Debug, Serialize, ToSchema)]
pub struct FairnessView {
    school: TallyView,
    /// Mentor and juror on each criterion, by project.
    criteria: Vec<CriterionView>,
    /// Each juror, by id.
    jurors: Vec<StandingView>,
    editions: Vec<StandingView>,
    markets: Vec<StandingView>,
    /// What is worth a look; none of it is a finding.
    alarms: Vec<AlarmView>,
}

/// How many defenses came to what, by the juror's first verdict.
#[derive(Debug, Serialize, ToSchema)]
struct TallyView {
    defenses: u64,
    /// Passed at once: what all rates here are of.
    passed: u64,
    /// Passed but for something to upload.
    conditional: u64,
    failed: u64,
    /// Appealed in vain.
    appeals_upheld: u64,
    /// Turned by an appeal.
    appeals_overturned: u64,
    pass_rate: Option<ShareView>,
}

/// A share with its 95 % interval (Wilson).
#[derive(Debug, Serialize, ToSchema)]
struct ShareView {
    #[schema(maximum = 1000)]
    per_mille: u64,
    low_per_mille: u64,
    high_per_mille: u64,
}

/// Agreement beyond chance with its 95 % interval: 1,000 is all, 0 what chance would do.
#[derive(Debug, Serialize, ToSchema)]
struct CoefficientView {
    #[schema(minimum = -1000, maximum = 1000)]
    per_mille: i64,
    low_per_mille: i64,
    high_per_mille: i64,
}

/// Mentor and juror on one criterion; the juror's word is that on the skill which the criterion shows.
#[derive(Debug, Serialize, ToSchema)]
struct CriterionView {
    #[schema(example = "portfolio-site")]
    project: String,
    #[schema(example = "responsive")]
    criterion: String,
    judged: u64,
    /// Both saw it, or both did not.
    agreed: u64,
    /// The mentor saw it and the juror did not, or not yet.
    mentor_only: u64,
    juror_only: u64,
    /// How often the juror asked for an upload, which is not "acquired" yet.
    if_uploaded: u64,
    agreement: Option<ShareView>,
    /// Gwet's AC1: what to read, since nearly all of the mentors' words are the same.
    ac1: Option<CoefficientView>,
    /// Cohen's kappa; null too where mentors or jurors said the same of all.
    kappa: Option<CoefficientView>,
}

/// A juror, an edition or a market.
#[derive(Debug, Serialize, ToSchema)]
struct StandingView {
    /// The juror's id, the edition's word or the market's code.
    id: String,
    #[serde(flatten)]
    tally: TallyView,
    /// Beside the others on the same work, over all.
    compared: Option<ComparedView>,
    /// How often chance makes a difference that large, in millionths, before it counts how many are compared.
    chance_per_million: Option<u64>,
    /// Since they began to differ, where they do now.
    drift: Option<ComparedView>,
}

/// What was passed, and what would have been at the others' rates on the same work.
#[derive(Debug, Serialize, ToSchema)]
struct ComparedView {
    /// The day of the first defense.
    #[schema(value_type = String, format = Date)]
    since: Date,
    /// How many others can be compared on.
    defenses: u64,
    passed: u64,
    passed_per_mille: u64,
    expected_per_mille: u64,
    /// Below zero where fewer were passed.
    difference_per_mille: i64,
}

/// A reason to look.
#[derive(Debug, Serialize, ToSchema)]
struct AlarmView {
    /// `juror`, `edition` or `market`.
    #[schema(example = "juror")]
    of: &'static str,
    id: String,
    /// `level`: over all; `drift`: lately.
    #[schema(example = "level")]
    kind: &'static str,
    compared: ComparedView,
    /// The same in a sentence.
    text: String,
}

impl FairnessView {
    /// Of what the facts come to.
    pub fn of(fairness: &Fairness) -> Self {
        let standings = |family: &[Standing]| family.iter().map(StandingView::of).collect();
        Self {
            school: fairness.school.into(),
            criteria: fairness.criteria.iter().map(CriterionView::of).collect(),
            jurors: standings(&fairness.jurors),
            editions: standings(&fairness.editions),
            markets: standings(&fairness.markets),
            alarms: fairness.alarms.iter().map(AlarmView::of).collect(),
        }
    }
}

impl From<Tally> for TallyView {
    fn from(tally: Tally) -> Self {
        let Tally { defenses, passed, conditional, failed, upheld, overturned } = tally;
        Self {
            defenses,
            passed,
            conditional,
            failed,
            appeals_upheld: upheld,
            appeals_overturned: overturned,
            pass_rate: tally.pass_share().map(ShareView::from),
        }
    }
}

impl From<Share> for ShareView {
    fn from(share: Share) -> Self {
        let Share { per_mille, low_per_mille, high_per_mille } = share;
        Self { per_mille, low_per_mille, high_per_mille }
    }
}

impl From<Coefficient> for CoefficientView {
    fn from(coefficient: Coefficient) -> Self {
        let Coefficient { per_mille, low_per_mille, high_per_mille } = coefficient;
        Self { per_mille, low_per_mille, high_per_mille }
    }
}

impl From<Compared> for ComparedView {
    fn from(compared: Compared) -> Self {
        Self {
            since: compared.since,
            defenses: compared.defenses,
            passed: compared.passed,
            passed_per_mille: compared.passed_per_mille(),
            expected_per_mille: compared.expected_per_mille(),
            difference_per_mille: compared.difference_per_mille(),
        }
    }
}

impl CriterionView {
    fn of(agreement: &CriterionAgreement) -> Self {
        let CriterionAgreement { project, criterion, words } = agreement;
        Self {
            project: project.to_string(),
            criterion: criterion.to_string(),
            judged: words.judged(),
            agreed: words.agreed(),
            mentor_only: words.mentor_only,
            juror_only: words.juror_only,
            if_uploaded: words.if_uploaded,
            agreement: words.share().map(ShareView::from),
            ac1: words.ac1().map(CoefficientView::from),
            kappa: words.kappa().map(CoefficientView::from),
        }
    }
}

impl StandingView {
    fn of(standing: &Standing) -> Self {
        let Standing { group, tally, level, drift } = standing;
        Self {
            id: named(group).1,
            tally: (*tally).into(),
            compared: level.map(|Level { compared, .. }| compared.into()),
            chance_per_million: level.map(|level| level.chance_per_million),
            drift: drift.map(ComparedView::from),
        }
    }
}

impl AlarmView {
    fn of(alarm: &Alarm) -> Self {
        let (of, id) = named(&alarm.group);
        let kind = match alarm.kind {
            AlarmKind::Level { .. } => "level",
            AlarmKind::Drift => "drift",
        };
        Self { of, id, kind, compared: alarm.compared.into(), text: alarm.to_string() }
    }
}

/// What a group is, and its id.
fn named(group: &Group) -> (&'static str, String) {
    match group {
        Group::Juror(juror) => ("juror", juror.to_string()),
        Group::Edition(edition) => ("edition", edition.to_string()),
        Group::Market(market) => ("market", market.to_string()),
    }
}
