//! Editions and plans as they are shown.

use std::collections::BTreeMap;

use domain::catalog::{Prospectus, Text};
use domain::money::Money;
use domain::months::Months;
use domain::plan::{Plan, ProjectPlan, Range};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::schema::MoneySchema;

/// An edition.
#[derive(Debug, Serialize, ToSchema)]
pub struct EditionView {
    id: String,
    version: u32,
    degree: DegreeView,
    market: String,
    /// Published ones.
    languages: Vec<String>,
    /// For a month begun.
    #[schema(value_type = Option<MoneySchema>)]
    price: Option<Money>,
    courses: Vec<CourseView>,
    projects: Vec<ProjectView>,
    skills: Vec<SkillView>,
    /// Today's.
    recognitions: Vec<RecognitionView>,
    /// Today's.
    accreditation: Option<AccreditationView>,
    /// Those who may be named today.
    partners: Vec<String>,
    /// Hours a week at which projects take their nominal months.
    nominal_hours_per_week: u32,
    contract_version: u32,
}

#[derive(Debug, Serialize, ToSchema)]
struct DegreeView {
    id: String,
    /// By language.
    title: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CourseView {
    id: String,
    version: u32,
    title: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProjectView {
    id: String,
    title: BTreeMap<String, String>,
    #[schema(value_type = String, example = "2.0")]
    nominal_months: Months,
    skills: Vec<String>,
    criteria: Vec<CriterionView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CriterionView {
    id: String,
    text: BTreeMap<String, String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SkillView {
    id: String,
    name: BTreeMap<String, String>,
    esco: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct RecognitionView {
    country: String,
    /// Whether no authority stands behind it.
    illustrative: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct AccreditationView {
    accreditor: String,
    reference: String,
    eqf_level: u8,
}

impl EditionView {
    /// An edition as it is on a date.
    pub fn of(prospectus: &Prospectus, today: Date) -> Self {
        let Prospectus { edition, degree, .. } = prospectus;
        let recognized = prospectus.recognitions.iter().filter(|recognition| recognition.valid.covers(today));
        Self {
            id: edition.id.to_string(),
            version: edition.version,
            degree: DegreeView { id: degree.id.to_string(), title: words(&degree.title) },
            market: edition.market.as_str().to_owned(),
            languages: edition.published_languages().map(|language| language.as_str().to_owned()).collect(),
            price: prospectus.price_on(today).map(|price| price.monthly),
            courses: prospectus.courses.iter().map(CourseView::of).collect(),
            projects: prospectus.projects.iter().map(ProjectView::of).collect(),
            skills: prospectus.skills.iter().map(SkillView::of).collect(),
            recognitions: recognized
                .map(|recognition| RecognitionView {
                    country: recognition.country.as_str().to_owned(),
                    illustrative: recognition.illustrative,
                })
                .collect(),
            accreditation: prospectus.accreditation_on(today).map(|given| AccreditationView {
                accreditor: given.accreditor.clone(),
                reference: given.reference.clone(),
                eqf_level: given.eqf_level,
            }),
            partners: prospectus.partners_on(today).map(|partner| partner.name.clone()).collect(),
            nominal_hours_per_week: edition.nominal_hours_per_week,
            contract_version: domain::offer::CONTRACT_VERSION,
        }
    }
}

fn words(text: &Text) -> BTreeMap<String, String> {
    text.0.iter().map(|(language, text)| (language.as_str().to_owned(), text.clone())).collect()
}

impl CourseView {
    fn of(course: &domain::catalog::Course) -> Self {
        Self { id: course.id.to_string(), version: course.version, title: words(&course.title) }
    }
}

impl ProjectView {
    fn of(project: &domain::catalog::Project) -> Self {
        let criteria = project.criteria.iter();
        Self {
            id: project.id.to_string(),
            title: words(&project.title),
            nominal_months: project.nominal_months,
            skills: project.skills.iter().map(ToString::to_string).collect(),
            criteria: criteria
                .map(|criterion| CriterionView { id: criterion.id.to_string(), text: words(&criterion.text) })
                .collect(),
        }
    }
}

impl SkillView {
    fn of(skill: &domain::catalog::Skill) -> Self {
        Self { id: skill.id.to_string(), name: words(&skill.label), esco: skill.esco.clone() }
    }
}

/// How long a path takes, for how much, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanView {
    #[schema(value_type = String, example = "12.0")]
    months: Months,
    range: RangeView,
    #[schema(value_type = MoneySchema)]
    monthly_price: Money,
    #[schema(value_type = MoneySchema)]
    total: Money,
    /// What is left of each project.
    projects: Vec<ProjectPlanView>,
    explanation: Vec<ExplanationView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProjectPlanView {
    project: String,
    /// How long it takes at the nominal pace.
    #[schema(value_type = String, example = "2.0")]
    months: Months,
    /// The skills that its defense covers.
    skills: Vec<String>,
    /// Whether nothing is left to be made or defended.
    exempted: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct RangeView {
    #[schema(value_type = String)]
    p10: Months,
    #[schema(value_type = String)]
    p50: Months,
    #[schema(value_type = String)]
    p90: Months,
}

#[derive(Debug, Serialize, ToSchema)]
struct ExplanationView {
    /// Why.
    #[schema(value_type = Object)]
    reason: domain::plan::Reason,
    /// So many months more or fewer.
    #[schema(value_type = String)]
    months: domain::plan::MonthsChange,
    /// So much more or less.
    #[schema(value_type = MoneySchema)]
    amount: Money,
}

impl ProjectPlanView {
    fn of(plan: &ProjectPlan) -> Self {
        Self {
            project: plan.project.to_string(),
            months: plan.remaining,
            skills: plan.skills.iter().map(ToString::to_string).collect(),
            exempted: plan.is_exempted(),
        }
    }
}

impl From<Plan> for PlanView {
    fn from(plan: Plan) -> Self {
        let Range { p10, p50, p90 } = plan.range;
        let line = |line: domain::plan::Line| ExplanationView {
            reason: line.reason,
            months: line.months,
            amount: line.amount,
        };
        Self {
            months: plan.months,
            range: RangeView { p10, p50, p90 },
            monthly_price: plan.monthly_price,
            total: plan.total,
            projects: plan.projects.iter().map(ProjectPlanView::of).collect(),
            explanation: plan.explanation.into_iter().map(line).collect(),
        }
    }
}
