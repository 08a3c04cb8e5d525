//! What a month costs in a market, and what its recruiters ask for.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Country, Edition, Validity};
use crate::id::{DegreeId, SkillId};
use crate::money::Money;

/// What a month costs in a market, in one currency, while it is valid; several never overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// For which country.
    pub market: Country,
    /// 1 for the market's first, then 2, 3, ...; what a quote names.
    pub version: u32,
    /// When it is quoted from.
    pub valid: Validity,
    /// For a month begun.
    pub monthly: Money,
}

/// What recruiters of a market said about a skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandSignal {
    /// In which country.
    pub market: Country,
    /// Of graduates of which degree.
    pub degree: DegreeId,
    /// Which skill.
    pub skill: SkillId,
    /// How much they want it.
    pub importance: Importance,
    /// Who says so: an interview, a survey, a count of advertisements.
    pub source: String,
    /// When it was said.
    pub date: Date,
}

/// How much recruiters want a skill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Importance {
    /// Nobody is hired without it: an edition that lacks it is not published.
    Essential,
    /// It helps.
    Useful,
}

impl DemandSignal {
    /// Whether it speaks of the graduates of an edition.
    pub fn is_about(&self, edition: &Edition) -> bool {
        self.market == edition.market && self.degree == edition.degree
    }
}
