//! Who serves whom: the most minutes that mentors can give to the cells they reach.
//!
//! A maximum flow from groups of mentors to cells (Dinic's algorithm), exact and always the same. Demand is
//! offered in equal slices, each filled as far as it can be before the next: the sum is the same, and what
//! is missing is shared among the cells instead of being the last one's.

/// In how many slices each cell's demand is offered.
const SLICES: u64 = 20;

/// Which group reaches which cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    /// The cells that each group reaches.
    cells: Vec<Vec<usize>>,
    /// For each cell the groups that reach it, with the cell's place in the group's list.
    groups: Vec<Vec<(usize, usize)>>,
}

impl Reach {
    /// Of groups and so many cells.
    pub fn of(groups: usize, cells: usize, reaches: impl Fn(usize, usize) -> bool) -> Self {
        let mut reach = Self { cells: vec![Vec::new(); groups], groups: vec![Vec::new(); cells] };
        for group in 0..groups {
            for cell in (0..cells).filter(|cell| reaches(group, *cell)) {
                reach.groups[cell].push((group, reach.cells[group].len()));
                reach.cells[group].push(cell);
            }
        }
        reach
    }

    /// How much of each cell's demand is served: together as much as can be.
    pub fn serve(&self, supply: &[u64], demand: &[u64]) -> Vec<u64> {
        let mut flow = Flow {
            reach: self,
            left: supply.to_vec(),
            served: vec![0; demand.len()],
            asked: vec![0; demand.len()],
            closed: vec![false; demand.len()],
            given: self.cells.iter().map(|cells| vec![0; cells.len()]).collect(),
            level: Vec::new(),
            next: Vec::new(),
        };
        for slice in 1..=SLICES {
            let part = |minutes: &u64| if slice == SLICES { *minutes } else { minutes / SLICES * slice };
            flow.asked = demand.iter().map(part).collect();
            flow.give();
            // Each round lengthens the shortest way, so there are no more of them than groups.
            while flow.open() && flow.level() {
                for group in 0..supply.len() {
                    while flow.left[group] > 0 {
                        let pushed = flow.push(group, flow.left[group]);
                        if pushed == 0 {
                            break;
                        }
                        flow.left[group] -= pushed;
                    }
                }
            }
        }
        flow.served
    }
}

/// A flow that grows.
struct Flow<'a> {
    reach: &'a Reach,
    /// What each group has left.
    left: Vec<u64>,
    /// What each cell has.
    served: Vec<u64>,
    /// What each cell asks for by now.
    asked: Vec<u64>,
    /// Which cells nothing can reach any more.
    closed: Vec<bool>,
    /// What each group gives to each of its cells.
    given: Vec<Vec<u64>>,
    /// How many hand-overs lie between a group and one that has minutes left.
    level: Vec<Option<usize>>,
    /// The place in each group's list that is looked at next, and in the list of that cell's groups.
    next: Vec<(usize, usize)>,
}

impl Flow<'_> {
    /// Gives what groups have left to the cells they reach, as long as nobody has to make room.
    fn give(&mut self) {
        for (group, cells) in self.reach.cells.iter().enumerate() {
            for (place, cell) in cells.iter().enumerate() {
                let given = self.left[group].min(self.asked[*cell] - self.served[*cell]);
                self.left[group] -= given;
                self.served[*cell] += given;
                self.given[group][place] += given;
            }
        }
    }

    /// Whether somebody has minutes left, and some cell may get more.
    fn open(&self) -> bool {
        let asks = |cell: usize| !self.closed[cell] && self.served[cell] < self.asked[cell];
        self.left.iter().any(|left| *left > 0) && (0..self.served.len()).any(asks)
    }

    /// Numbers the groups by their distance from minutes that are left; whether a cell can get any. A cell
    /// that no way leads to is closed: whoever finds a way elsewhere opens none to it.
    fn level(&mut self) -> bool {
        let level = |left: &u64| (*left > 0).then_some(0);
        self.level = self.left.iter().map(level).collect();
        self.next = vec![(0, 0); self.left.len()];
        let mut queue = Vec::from_iter((0..self.left.len()).filter(|group| self.left[*group] > 0));
        let (mut seen, mut found, mut at) = (vec![false; self.served.len()], false, 0);
        while let Some(&group) = queue.get(at) {
            at += 1;
            for &cell in &self.reach.cells[group] {
                if std::mem::replace(&mut seen[cell], true) {
                    continue;
                }
                found |= self.served[cell] < self.asked[cell];
                for &(other, place) in &self.reach.groups[cell] {
                    if self.level[other].is_none() && self.given[other][place] > 0 {
                        self.level[other] = self.level[group].map(|level| level + 1);
                        queue.push(other);
                    }
                }
            }
        }
        for (closed, seen) in self.closed.iter_mut().zip(seen) {
            *closed |= !seen;
        }
        found
    }

    /// Pushes up to so many minutes from a group into a cell that asks for more: directly, or by taking the
    /// place of another group, which then finds another cell.
    fn push(&mut self, group: usize, most: u64) -> u64 {
        let reach = self.reach;
        while let Some(&cell) = reach.cells[group].get(self.next[group].0) {
            let place = self.next[group].0;
            let open = self.asked[cell] - self.served[cell];
            if open > 0 {
                let pushed = most.min(open);
                self.served[cell] += pushed;
                self.given[group][place] += pushed;
                return pushed;
            }
            while let Some(&(other, there)) = reach.groups[cell].get(self.next[group].1) {
                let further = self.level[other].is_some() && self.level[other] > self.level[group];
                let most = most.min(self.given[other][there]);
                let pushed = if further && most > 0 { self.push(other, most) } else { 0 };
                if pushed > 0 {
                    self.given[other][there] -= pushed;
                    self.given[group][place] += pushed;
                    return pushed;
                }
                self.next[group].1 += 1;
            }
            self.next[group] = (place + 1, 0);
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn small() -> impl Strategy<Value = (Vec<u64>, Vec<u64>, Vec<Vec<bool>>)> {
        (1..6_usize, 1..7_usize).prop_flat_map(|(groups, cells)| {
            (
                prop::collection::vec(0..100_u64, groups),
                prop::collection::vec(0..100_u64, cells),
                prop::collection::vec(prop::collection::vec(any::<bool>(), cells), groups),
            )
        })
    }

    fn served((supply, demand, reaches): &(Vec<u64>, Vec<u64>, Vec<Vec<bool>>)) -> Vec<u64> {
        Reach::of(supply.len(), demand.len(), |group, cell| reaches[group][cell]).serve(supply, demand)
    }

    /// The smallest cut: for some set of cells, the demand of the others and the supply that reaches them.
    fn smallest_cut((supply, demand, reaches): &(Vec<u64>, Vec<u64>, Vec<Vec<bool>>)) -> u64 {
        let cut = |set: u32| {
            let within = |cell: usize| set & (1 << cell) != 0;
            let others = (0..demand.len()).filter(|cell| !within(*cell)).map(|cell| demand[cell]);
            let reaching =
                |group: &usize| reaches[*group].iter().enumerate().any(|(cell, it)| *it && within(cell));
            let groups = (0..supply.len()).filter(reaching).map(|group| supply[group]);
            others.sum::<u64>() + groups.sum::<u64>()
        };
        (0..1 << demand.len()).map(cut).min().expect("a cut")
    }

    proptest! {
        #[test]
        fn as_much_is_served_as_the_smallest_cut_lets_through(school in small()) {
            let served = served(&school);
            prop_assert!(served.iter().zip(&school.1).all(|(served, demand)| served <= demand));
            prop_assert_eq!(served.iter().sum::<u64>(), smallest_cut(&school));
        }

        #[test]
        fn more_supply_never_serves_less(school in small(), group in 0..6_usize, more in 0..50_u64) {
            let before = served(&school).iter().sum::<u64>();
            let mut richer = school;
            let group = group % richer.0.len();
            richer.0[group] += more;
            prop_assert!(served(&richer).iter().sum::<u64>() >= before);
        }
    }

    #[test]
    fn a_group_makes_room_for_one_that_reaches_less() {
        // The first reaches both cells, the second only the one that the first would fill.
        let school = (vec![10, 10], vec![10, 10], vec![vec![true, true], vec![true, false]]);
        assert_eq!(served(&school), [10, 10]);
    }

    #[test]
    fn what_is_missing_is_shared() {
        let school = (vec![40], vec![80, 80], vec![vec![true, true]]);
        assert_eq!(served(&school), [20, 20]);
    }
}
