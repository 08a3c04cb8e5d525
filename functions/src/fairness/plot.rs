//! Juries as a picture (SVG): jurors in a funnel of what chance allows, and agreement criterion by criterion.
//!
//! Counts become floating-point only here, where they are drawn.

use domain::fairness::{Alarm, Fairness};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::words;
use crate::drawing::{
    Area, BLUE, Drawn, INK, LINE, MARGIN, NotDrawn, PAPER, RED, SOFT, WIDTH, headline, not_drawn, text,
};

mod criteria; // mentor and juror beside each other
mod funnel; // jurors beside each other

const HEAD: u32 = 84;
const CHART: u32 = 560;
/// Width of the funnel; the rest is for criteria.
const FUNNEL: u32 = 760;
/// Height of an alarm in words, and how many are written out.
const ROW: i32 = 26;
const ROWS_MAX: usize = 12;
/// Room above the alarms.
const TOP: i32 = 44;

/// Draws how juries judge.
pub fn draw(fairness: &Fairness) -> Result<String, NotDrawn> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, HEAD + CHART + height(fairness)?));
        let root = root.into_drawing_area();
        root.fill(&PAPER).map_err(not_drawn)?;
        let (head, rest) = root.split_vertically(HEAD);
        let (charts, below) = rest.split_vertically(CHART);
        let (left, right) = charts.split_horizontally(FUNNEL);
        headline(&head, &words::headline(fairness))?;
        text(&head, &words::alarms(fairness), (MARGIN, 56), 19, SOFT, HPos::Left)?;
        funnel::draw(&left, fairness)?;
        criteria::draw(&right, fairness)?;
        alarms(&below, fairness)?;
        root.present().map_err(not_drawn)?;
    }
    Ok(svg)
}

/// How high the alarms are.
fn height(fairness: &Fairness) -> Drawn<u32> {
    let rows = fairness.alarms.len().min(ROWS_MAX + 1);
    let rows = i32::try_from(rows).map_err(not_drawn)?;
    u32::try_from(if rows == 0 { MARGIN / 2 } else { TOP + rows * ROW + MARGIN / 2 }).map_err(not_drawn)
}

/// The alarms in words, jurors first.
fn alarms(area: &Area<'_>, fairness: &Fairness) -> Drawn {
    if fairness.alarms.is_empty() {
        return Ok(());
    }
    text(area, "What to look at, which is no finding yet", (MARGIN, 8), 21, INK, HPos::Left)?;
    let mut y = TOP;
    for alarm in fairness.alarms.iter().take(ROWS_MAX) {
        dot(area, (MARGIN + 7, y + 7), alarm)?;
        text(area, &words::line(alarm), (MARGIN + 24, y), 17, INK, HPos::Left)?;
        y += ROW;
    }
    let more = fairness.alarms.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        text(area, &format!("and {more} more"), (MARGIN + 24, y), 17, SOFT, HPos::Left)?;
    }
    Ok(())
}

fn dot(area: &Area<'_>, at: (i32, i32), alarm: &Alarm) -> Drawn {
    area.draw(&Circle::new(at, 6, color(alarm).filled())).map_err(not_drawn)
}

/// Red for those who pass fewer, blue for those who pass more.
fn color(alarm: &Alarm) -> RGBColor {
    if alarm.is_strict() { RED } else { BLUE }
}

/// A count or a share of a thousand, to be drawn.
#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser than what is lost")]
const fn position(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
