//! A plan as a picture (SVG): what is asked for and what is there week by week, and where it is missing.
//!
//! Counts become floating-point only here, where they are drawn.

use domain::capacity::CapacityPlan;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::words::{self, juries};
use crate::drawing::{
    Area, BLUE, Drawn, GREEN, INK, LINE, MARGIN, PALE_GREEN, PAPER, RED, SOFT, WIDTH, cut, headline,
    not_drawn, rectangle, text,
};

pub use crate::drawing::NotDrawn;

mod tiles; // where mentors are missing
mod weeks; // what is asked for and what is there

use tiles::Tiles;

const HEAD: u32 = 84;
const CHART: u32 = 470;

const SERVED: RGBColor = PALE_GREEN;
const THERE: RGBColor = GREEN;
const SHORT: RGBColor = RED;
const GRADUATES: RGBColor = BLUE;

/// Draws a plan.
pub fn draw(plan: &CapacityPlan) -> Result<String, NotDrawn> {
    let tiles = Tiles::of(plan);
    let mut svg = String::new();
    {
        let size = (WIDTH, HEAD + CHART + tiles.height()?);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&PAPER).map_err(not_drawn)?;
        let (head, rest) = root.split_vertically(HEAD);
        let (chart, below) = rest.split_vertically(CHART);
        headline(&head, &words::headline(plan))?;
        let juries = juries(plan).unwrap_or_else(|| "Juries take no time of mentors here.".into());
        text(&head, &juries, (MARGIN, 56), 19, SOFT, HPos::Left)?;
        weeks::draw(&chart, plan)?;
        tiles.draw(&below)?;
        root.present().map_err(not_drawn)?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests;
