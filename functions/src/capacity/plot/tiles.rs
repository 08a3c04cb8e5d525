//! Cell by cell: where mentors are missing in the last week, before anyone is recruited.

use std::collections::BTreeMap;

use domain::capacity::{CapacityPlan, CellPlan, ZoneBand};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{
    Area, Drawn, INK, LINE, MARGIN, PAPER, SERVED, SHORT, SOFT, WIDTH, cut, not_drawn, rectangle, text,
};
use crate::capacity::words::compact;

const ROWS_MAX: usize = 12;
const COLUMNS_MAX: usize = 12;
const ROW: i32 = 38;
/// Width of the fields' names.
const NAMES: i32 = 190;
/// Height of title, scale and the places' names.
const HEAD: i32 = 96;

/// A language and a band of zones.
type Place<'a> = (&'a str, ZoneBand);

/// Fields against places: those with the most missing.
pub struct Tiles<'a> {
    plan: &'a CapacityPlan,
    fields: Vec<&'a str>,
    places: Vec<Place<'a>>,
    cells: BTreeMap<(&'a str, Place<'a>), &'a CellPlan>,
    /// Missing in a tile, at most.
    most: u64,
}

impl<'a> Tiles<'a> {
    /// Those of a plan.
    pub fn of(plan: &'a CapacityPlan) -> Self {
        let last = plan.weeks.len().saturating_sub(1);
        let (mut fields, mut places, mut cells) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for cell in &plan.cells {
            let field = cell.cell.field.as_str();
            let place = (cell.cell.language.as_str(), cell.cell.utc_offset);
            *fields.entry(field).or_insert(0) += cell.shortage_minutes(last);
            *places.entry(place).or_insert(0) += cell.shortage_minutes(last);
            cells.insert((field, place), cell);
        }
        let fields = most(fields, ROWS_MAX);
        let mut places = most(places, COLUMNS_MAX);
        places.sort_unstable();
        cells.retain(|(field, place), _| fields.contains(field) && places.contains(place));
        let most = cells.values().map(|cell| cell.shortage_minutes(last)).max().unwrap_or_default();
        Self { plan, fields, places, cells, most }
    }

    /// How high they are drawn.
    pub fn height(&self) -> Drawn<u32> {
        let rows = i32::try_from(self.fields.len()).map_err(not_drawn)?;
        u32::try_from(HEAD + rows * ROW + MARGIN).map_err(not_drawn)
    }

    /// Draws them.
    pub fn draw(&self, area: &Area<'_>) -> Drawn {
        let week = self.plan.weeks.last().map_or_else(String::new, |week| week.begins_on.to_string());
        let title = format!("Mentors missing in the week of {week}, before anyone is recruited");
        text(area, &title, (MARGIN, 8), 21, INK, HPos::Left)?;
        let (shown, all) = (self.cells.len(), self.plan.cells.len());
        if shown < all {
            let part = format!("{shown} of {all} cells, those with the most missing");
            text(area, &part, (width() - MARGIN, 11), 17, SOFT, HPos::Right)?;
        }
        let column =
            (width() - 2 * MARGIN - NAMES) / i32::try_from(self.places.len().max(1)).map_err(not_drawn)?;
        let column = column.min(160);
        let mut x = MARGIN + NAMES;
        for (language, offset) in &self.places {
            text(area, &cut(language, 9), (x + column / 2, 46), 18, INK, HPos::Center)?;
            text(area, &offset.to_string(), (x + column / 2, 68), 15, SOFT, HPos::Center)?;
            x += column;
        }
        let mut y = HEAD;
        for field in &self.fields {
            text(area, &cut(field, 22), (MARGIN, y + 10), 17, INK, HPos::Left)?;
            let mut x = MARGIN + NAMES;
            for place in &self.places {
                let cell = self.cells.get(&(*field, *place));
                self.tile(area, (x, y), (column - 3, ROW - 3), cell.copied())?;
                x += column;
            }
            y += ROW;
        }
        Ok(())
    }

    /// One tile: the darker, the more is missing; green where nothing is.
    fn tile(&self, area: &Area<'_>, at: (i32, i32), size: (i32, i32), cell: Option<&CellPlan>) -> Drawn {
        let week = self.plan.weeks.len().saturating_sub(1);
        let Some(cell) = cell.filter(|cell| cell.demand_minutes[week] > 0) else {
            return rectangle(area, at, size, LINE.mix(0.35));
        };
        let missing = cell.shortage_minutes(week);
        // In percent of the most, and never so pale that it looks like nothing.
        let depth = i32::try_from(missing.saturating_mul(100) / self.most.max(1)).map_err(not_drawn)?;
        let color = if missing == 0 { SERVED.mix(0.55) } else { SHORT.mix(0.12 + 0.0088 * f64::from(depth)) };
        rectangle(area, at, size, color)?;
        let ink = if missing > 0 && depth > 65 { PAPER } else { INK };
        let count = compact(self.plan.mentors_for(missing));
        text(area, &count, (at.0 + size.0 / 2, at.1 + 10), 17, ink, HPos::Center)
    }
}

/// Those of which most is missing, and of equals the first.
fn most<T: Clone + Ord>(missing: BTreeMap<T, u64>, count_max: usize) -> Vec<T> {
    let mut all = Vec::from_iter(missing);
    all.sort_by_key(|(_, missing)| std::cmp::Reverse(*missing));
    all.into_iter().take(count_max).map(|(it, _)| it).collect()
}

fn width() -> i32 {
    i32::try_from(WIDTH).unwrap_or(i32::MAX)
}
