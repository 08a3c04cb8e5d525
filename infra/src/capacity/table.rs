//! A plan for people: what it comes to, some of its weeks, and the cells that miss the most.

use domain::capacity::{CapacityPlan, CellPlan, Week};
use domain::money::grouped;
use functions::capacity::words;

/// How many weeks are shown, the last beside them.
const WEEKS: usize = 13;
/// How many cells are shown.
const CELLS: usize = 12;

/// A plan in lines.
pub fn table(plan: &CapacityPlan) -> String {
    let told = [Some(words::headline(plan)), words::juries(plan), Some(words::training(plan))];
    let told = told.into_iter().flatten().chain(words::graduates(plan));
    let told = told.fold(String::new(), |lines, line| lines + &wrapped(&line));
    let last = plan.weeks.last().map_or_else(String::new, |week| week.begins_on.to_string());
    let cells = worst(plan);
    let more = match plan.cells.len() - cells.len() {
        0 => String::new(),
        more => format!("and {more} cells more; --format json has all of them\n"),
    };
    let whole =
        "Mentors who are missing are counted whole in each cell: together a few more than all would be.\n";
    format!(
        "{told}\n{}\nMost missing in the week of {last}, before anyone is recruited\n\n{}{more}\n{whole}",
        weeks(plan),
        aligned(3, &cells_table(plan, &cells)),
    )
}

/// How wide a line may be.
const COLUMNS: usize = 100;

/// Text in lines.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let chars = word.chars().count();
        if column > 0 && column + 1 + chars > COLUMNS {
            lines.push('\n');
            column = 0;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += chars;
    }
    lines.push('\n');
    lines
}

fn weeks(plan: &CapacityPlan) -> String {
    let heads = ["week of", "students", "asked for", "there", "at work", "missing", "begin training"];
    let every = plan.weeks.len().div_ceil(WEEKS).max(1);
    let last = plan.weeks.len().saturating_sub(1);
    let shown = plan.weeks.iter().enumerate().filter(|(at, _)| at % every == 0 || *at == last);
    let row = |week: &Week| {
        vec![
            week.begins_on.to_string(),
            grouped(week.students),
            grouped(plan.mentors_for(week.demand_minutes())),
            grouped(week.mentors),
            grouped(plan.mentors_for(week.served_minutes)),
            grouped(week.mentors_missing),
            grouped(week.recruits),
        ]
    };
    let rows = shown.map(|(_, week)| row(week));
    aligned(1, &Vec::from_iter([heads.map(String::from).to_vec()].into_iter().chain(rows)))
}

/// The cells that miss the most in the last week, and of equals the first.
fn worst(plan: &CapacityPlan) -> Vec<&CellPlan> {
    let last = plan.weeks.len().saturating_sub(1);
    let mut cells = Vec::from_iter(&plan.cells);
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.shortage_minutes(last)));
    cells.truncate(CELLS);
    cells
}

fn cells_table(plan: &CapacityPlan, cells: &[&CellPlan]) -> Vec<Vec<String>> {
    let heads = [
        "field",
        "language",
        "clock",
        "students",
        "asked for",
        "missing",
        "to recruit",
        "graduates",
        "of them",
    ];
    let last = plan.weeks.len().saturating_sub(1);
    let row = |cell: &&CellPlan| {
        let graduates = cell.graduates();
        vec![
            cell.cell.field.clone(),
            cell.cell.language.clone(),
            cell.cell.utc_offset.to_string(),
            grouped(cell.students[last]),
            grouped(plan.mentors_for(cell.demand_minutes[last])),
            grouped(plan.mentors_for(cell.shortage_minutes(last))),
            grouped(graduates.needed),
            grouped(graduates.there),
            words::share(graduates).unwrap_or_else(|| "-".into()),
        ]
    };
    [heads.map(String::from).to_vec()].into_iter().chain(cells.iter().map(row)).collect()
}

/// Rows with their columns below each other: so many words to the left, the numbers to the right.
fn aligned(words: usize, rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max().unwrap_or_default()
    };
    let widths = Vec::from_iter((0..columns).map(width));
    let mut lines = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if column < words { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        lines.push_str(Vec::from_iter(cells).join("  ").trim_end());
        lines.push('\n');
    }
    lines
}
