//! Week by week: what is asked for, what is there, and what recruits and graduates could change.

use domain::capacity::{CapacityPlan, Week};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::{
    Area, Drawn, GRADUATES, INK, LINE, MARGIN, SERVED, SHORT, SOFT, THERE, not_drawn, rectangle, text,
};
use crate::capacity::words::compact;

/// Where the names of lines and areas end, and the chart begins.
const LEGEND: i32 = 44;
/// Room above the highest value.
const AIR: f64 = 1.08;

type Points = Vec<(f64, f64)>;

/// Draws the chart, counted in mentors.
pub fn draw(area: &Area<'_>, plan: &CapacityPlan) -> Drawn {
    let demand = steps(plan, |week| week.demand_minutes() / plan.mentor_minutes);
    let supply = steps(plan, |week| week.supply_minutes / plan.mentor_minutes);
    let served = steps(plan, |week| week.served_minutes / plan.mentor_minutes);
    let filled =
        steps(plan, |week| (week.demand_minutes() - week.missing_after_minutes) / plan.mentor_minutes);
    let graduates = steps(plan, |week| week.served_minutes / plan.mentor_minutes + week.graduates);
    let highest = demand.iter().chain(&supply).map(|point| point.1).fold(1.0, f64::max) * AIR;
    let end = position(plan.weeks.len());
    let mut chart = ChartBuilder::on(area)
        .margin_left(MARGIN / 2)
        .margin_right(MARGIN)
        .margin_top(LEGEND)
        .x_label_area_size(34)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, 0.0..highest)
        .map_err(not_drawn)?;
    let date = |at: &f64| plan.weeks.get(whole(*at)).map_or_else(String::new, |it| it.begins_on.to_string());
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(LINE)
        .axis_style(LINE)
        .x_labels(8)
        .y_labels(6)
        .x_label_formatter(&date)
        .y_label_formatter(&|mentors| compact(whole(*mentors) as u64))
        .label_style(("sans-serif", 17).into_font().color(&SOFT))
        .draw()
        .map_err(not_drawn)?;

    let between = |top: &Points, bottom: Points, color: RGBAColor| {
        let around: Points = top.iter().copied().chain(bottom.into_iter().rev()).collect();
        Polygon::new(around, color)
    };
    let areas = [
        between(&served, vec![(0.0, 0.0), (end, 0.0)], SERVED.mix(0.7)),
        between(&demand, served.clone(), SHORT.mix(0.28)),
    ];
    chart.draw_series(areas).map_err(not_drawn)?;
    for (points, color, width) in [(supply, THERE, 2), (demand, SHORT, 4)] {
        chart.draw_series(LineSeries::new(points, color.stroke_width(width))).map_err(not_drawn)?;
    }
    // Each week is two points; before the first are trained there is nothing to see.
    let visible = graduates.into_iter().skip(2 * plan.lead_weeks);
    let visible = visible.take_while(|(_, mentors)| *mentors <= highest);
    let dashed = [(filled, THERE, 9, 6), (visible.collect(), GRADUATES, 3, 4)];
    for (points, color, dash, gap) in dashed {
        let line = DashedLineSeries::new(points, dash, gap, color.stroke_width(2));
        chart.draw_series(line).map_err(not_drawn)?;
    }
    legend(area)
}

/// A value for each week, from its beginning to its end.
fn steps(plan: &CapacityPlan, value: impl Fn(&Week) -> u64) -> Points {
    let weeks = plan.weeks.iter().enumerate();
    let points = weeks.flat_map(|(at, week)| {
        let mentors = height(value(week));
        [(position(at), mentors), (position(at + 1), mentors)]
    });
    points.collect()
}

/// Names what is drawn, in one row.
fn legend(area: &Area<'_>) -> Drawn {
    let named = [
        (Mark::Line, SHORT, "mentors asked for", 190),
        (Mark::Area(0.28), SHORT, "missing", 120),
        (Mark::Line, THERE, "mentors there", 160),
        (Mark::Area(0.7), SERVED, "at work", 115),
        (Mark::Dashes(9, 6), THERE, "at work, with this plan's recruits", 300),
        (Mark::Dashes(3, 4), GRADUATES, "if every graduate became one", 0),
    ];
    let mut x = MARGIN;
    for (mark, color, name, width) in named {
        mark.draw(area, x, color)?;
        text(area, name, (x + 36, 10), 17, INK, HPos::Left)?;
        x += width;
    }
    Ok(())
}

/// How something in the chart looks.
enum Mark {
    Line,
    Area(f64),
    Dashes(i32, i32),
}

impl Mark {
    fn draw(&self, area: &Area<'_>, x: i32, color: RGBColor) -> Drawn {
        let (y, width) = (17, 28);
        match self {
            Self::Area(mix) => rectangle(area, (x, y - 7), (width, 14), color.mix(*mix)),
            Self::Line => rectangle(area, (x, y - 1), (width, 3), color.mix(1.0)),
            Self::Dashes(dash, gap) => {
                (0..width).step_by(usize::try_from(dash + gap).unwrap_or(1)).try_for_each(|from| {
                    rectangle(area, (x + from, y - 1), ((*dash).min(width - from), 2), color.mix(1.0))
                })
            }
        }
    }
}

fn position(week: usize) -> f64 {
    height(week as u64)
}

#[expect(clippy::cast_precision_loss, reason = "a pixel is coarser than what is lost")]
const fn height(mentors: u64) -> f64 {
    mentors as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "labels stand at whole values above zero"
)]
const fn whole(value: f64) -> usize {
    value as usize
}
