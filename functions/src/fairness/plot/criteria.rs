//! Criterion by criterion: how often mentor and juror say the same, and how much of that is beyond chance.

use domain::fairness::{Coefficient, CriterionAgreement, Fairness, SAID_MIN, Share};
use domain::money::grouped;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{Area, BLUE, Drawn, INK, LINE, MARGIN, SOFT, not_drawn, text};
use crate::drawing::{GREEN, cut, rectangle};

const ROWS_MAX: usize = 11;
const ROW: i32 = 37;
/// Where title and names end, and the rows begin.
const TOP: i32 = 96;
/// Where the names of criteria end, and shares begin.
const NAMES: i32 = 206;
/// Width of all shares.
const SHARES: i32 = 226;
/// Where the number of pairs ends.
const COUNTS: i32 = 500;

/// A criterion of which enough is known.
struct Row<'a> {
    of: &'a CriterionAgreement,
    share: Share,
    ac1: Coefficient,
}

/// Draws them, those first on which the fewest agree.
pub fn draw(area: &Area<'_>, fairness: &Fairness) -> Drawn {
    text(area, "Criteria: mentor and juror", (0, 8), 21, INK, HPos::Left)?;
    let mut rows = Vec::from_iter(fairness.criteria.iter().filter_map(Row::of));
    if rows.is_empty() {
        return empty(area);
    }
    rows.sort_by_key(|row| row.share.per_mille);
    legend(area)?;
    if ROWS_MAX < rows.len() {
        let part = format!("{ROWS_MAX} of {}, the lowest", rows.len());
        text(area, &part, (COUNTS, 11), 16, SOFT, HPos::Right)?;
    }
    axis(area, rows.len().min(ROWS_MAX))?;
    let mut y = TOP;
    for row in rows.iter().take(ROWS_MAX) {
        row.draw(area, y)?;
        y += ROW;
    }
    Ok(())
}

impl<'a> Row<'a> {
    /// Nothing where there are too few to say.
    fn of(of: &'a CriterionAgreement) -> Option<Self> {
        Some(Self { of, share: of.words.share()?, ac1: of.words.ac1()? })
    }

    fn draw(&self, area: &Area<'_>, y: i32) -> Drawn {
        let Self { of, share, ac1 } = self;
        text(area, &cut(of.criterion.as_str(), 24), (0, y), 16, INK, HPos::Left)?;
        text(area, &cut(of.project.as_str(), 29), (0, y + 18), 13, SOFT, HPos::Left)?;
        let signed = |it: u64| it.cast_signed();
        let shares = [share.low_per_mille, share.per_mille, share.high_per_mille].map(signed);
        mark(area, y + 11, shares, GREEN)?;
        mark(area, y + 23, [ac1.low_per_mille, ac1.per_mille, ac1.high_per_mille], BLUE)?;
        text(area, &grouped(of.words.judged()), (COUNTS, y + 8), 15, SOFT, HPos::Right)
    }
}

/// A dot with its interval, as far as it is above zero.
fn mark(area: &Area<'_>, y: i32, [low, value, high]: [i64; 3], color: RGBColor) -> Drawn {
    let (low, value, high) = (along(low)?, along(value)?, along(high)?);
    rectangle(area, (low, y - 1), (high - low, 2), color.mix(0.6))?;
    area.draw(&Circle::new((value, y), 5, color.filled())).map_err(not_drawn)
}

/// Where so much of a thousand stands.
fn along(per_mille: i64) -> Drawn<i32> {
    let per_mille = i32::try_from(per_mille.clamp(0, 1_000)).map_err(not_drawn)?;
    Ok(NAMES + SHARES * per_mille / 1_000)
}

fn axis(area: &Area<'_>, rows: usize) -> Drawn {
    let height = i32::try_from(rows).map_err(not_drawn)? * ROW;
    for per_mille in [0, 250, 500, 750, 1_000] {
        let x = along(per_mille)?;
        rectangle(area, (x, TOP - 4), (1, height + 4), LINE.mix(1.0))?;
        text(area, &format!("{} %", per_mille / 10), (x, TOP - 24), 15, SOFT, HPos::Center)?;
    }
    text(area, "pairs", (COUNTS, TOP - 24), 15, SOFT, HPos::Right)
}

fn legend(area: &Area<'_>) -> Drawn {
    for (x, color, name) in [(6, GREEN, "said the same"), (150, BLUE, "beyond chance (AC1)")] {
        area.draw(&Circle::new((x, 50), 5, color.filled())).map_err(not_drawn)?;
        text(area, name, (x + 12, 41), 16, INK, HPos::Left)?;
    }
    text(area, "with 95 % intervals", (COUNTS, 41), 16, SOFT, HPos::Right)
}

fn empty(area: &Area<'_>) -> Drawn {
    let height = super::CHART.cast_signed();
    rectangle(area, (0, 70), (COUNTS - MARGIN / 2, height - 70 - MARGIN), LINE.mix(0.35))?;
    let line = format!("No criterion was judged {SAID_MIN} times yet.");
    text(area, &line, ((COUNTS - MARGIN / 2) / 2, height / 2 - 10), 19, SOFT, HPos::Center)
}
