//! What is worth a look, in plain words.

use std::cmp::Reverse;
use std::fmt;

use super::DIFFERENCE_MIN_PER_MILLE;
use super::compare::{Compared, Group, Standing};
use crate::id::PersonId;

/// A group that judges unlike the others: a reason to look, no finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Who.
    pub group: Group,
    /// What is off.
    pub kind: AlarmKind,
    /// How far, since when and on how many defenses.
    pub compared: Compared,
}

/// What is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmKind {
    /// All defenses together.
    Level {
        /// How often chance makes a difference that large, in millionths.
        chance_per_million: u64,
    },
    /// The last defenses.
    Drift,
}

/// The alarms of a family of groups, the farthest off first.
pub(super) fn raised(family: &[Standing]) -> Vec<Alarm> {
    let mut alarms = Vec::from_iter(family.iter().flat_map(of));
    alarms.sort_by_key(|alarm| Reverse(alarm.difference_per_mille()));
    alarms
}

/// How far off a group is by its alarms, in thousandths; 0 where it has none.
pub(super) fn farthest_per_mille(standing: &Standing) -> u64 {
    of(standing).iter().map(Alarm::difference_per_mille).max().unwrap_or(0)
}

/// A group's alarms. A drift is not told beside a level that is hardly older.
fn of(standing: &Standing) -> Vec<Alarm> {
    let alarm = |kind, compared| Alarm { group: standing.group.clone(), kind, compared };
    let far = |alarm: &Alarm| alarm.difference_per_mille() >= DIFFERENCE_MIN_PER_MILLE;
    let level = standing.level.filter(|it| it.exceeds_chance);
    let level =
        level.map(|it| alarm(AlarmKind::Level { chance_per_million: it.chance_per_million }, it.compared));
    let level = level.filter(far);
    let told = |drift: &Compared| {
        level.as_ref().is_none_or(|level| 4 * drift.defenses < 3 * level.compared.defenses)
    };
    let drift = standing.drift.filter(told).map(|it| alarm(AlarmKind::Drift, it)).filter(far);
    level.into_iter().chain(drift).collect()
}

impl Alarm {
    fn difference_per_mille(&self) -> u64 {
        self.compared.difference_per_mille().unsigned_abs()
    }

    /// The juror, where it is about one.
    pub const fn juror(&self) -> Option<PersonId> {
        match self.group {
            Group::Juror(juror) => Some(juror),
            Group::Edition(_) | Group::Market(_) => None,
        }
    }

    /// Whether the group passes fewer than the others.
    pub fn is_strict(&self) -> bool {
        self.compared.difference_per_mille() < 0
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, kind, compared } = self;
        let work = if matches!(group, Group::Juror(_)) { "projects and editions" } else { "projects" };
        let lately = if *kind == AlarmKind::Drift { ", lately" } else { "" };
        let difference = compared.difference_per_mille();
        let direction = if difference < 0 { "fewer" } else { "more" };
        write!(
            f,
            "{group}{lately}: {} of {} defenses since {} were passed, {}; as the others judge the same \
             {work} it would be {}. That is {} of a hundred {direction}",
            compared.passed,
            compared.defenses,
            compared.since,
            percent(compared.passed_per_mille()),
            percent(compared.expected_per_mille()),
            tenths(difference.unsigned_abs()),
        )?;
        match kind {
            AlarmKind::Level { chance_per_million } => {
                write!(
                    f,
                    ", and chance alone goes so far in {chance_per_million} of a million cases at most."
                )
            }
            AlarmKind::Drift => write!(f, "."),
        }
    }
}

/// Thousandths as people read them: `78.7 %`.
pub fn percent(per_mille: u64) -> String {
    format!("{} %", tenths(per_mille))
}

fn tenths(per_mille: u64) -> String {
    match (per_mille / 10, per_mille % 10) {
        (whole, 0) => whole.to_string(),
        (whole, rest) => format!("{whole}.{rest}"),
    }
}
