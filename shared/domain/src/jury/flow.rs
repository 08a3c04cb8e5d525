//! A minimum-cost flow of whole units: as much as possible, and of the ways to do that the cheapest.
//!
//! Successive shortest paths by Bellman-Ford, for graphs of some thousand edges.

/// A network; nodes are numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Network {
    edges: Vec<Edge>,
    out: Vec<Vec<usize>>,
}

#[derive(Debug, Clone, Copy)]
struct Edge {
    to: usize,
    room: u32,
    cost: i64,
}

impl Network {
    /// One more node.
    pub(super) fn node(&mut self) -> usize {
        self.out.push(Vec::new());
        self.out.len() - 1
    }

    /// An edge for one unit, and its number.
    pub(super) fn edge(&mut self, from: usize, to: usize, cost: i64) -> usize {
        let number = self.edges.len();
        self.edges.push(Edge { to, room: 1, cost });
        self.edges.push(Edge { to: from, room: 0, cost: -cost });
        self.out[from].push(number);
        self.out[to].push(number + 1);
        number
    }

    /// Whether a unit flows through an edge.
    pub(super) fn is_used(&self, edge: usize) -> bool {
        self.edges[edge].room == 0
    }

    /// Sends as much as possible from one node to another, as cheaply as possible.
    pub(super) fn fill(&mut self, from: usize, to: usize) {
        while let Some(path) = self.cheapest_path(from, to) {
            for edge in path {
                self.edges[edge].room -= 1;
                self.edges[edge ^ 1].room += 1;
            }
        }
    }

    fn cheapest_path(&self, from: usize, to: usize) -> Option<Vec<usize>> {
        let mut best: Vec<Option<i64>> = vec![None; self.out.len()];
        let mut came_by: Vec<Option<usize>> = vec![None; self.out.len()];
        best[from] = Some(0);
        // Paths of a flow without negative cycles have at most as many edges as there are nodes.
        for _ in 0..self.out.len() {
            let mut changed = false;
            for node in 0..self.out.len() {
                let Some(cost) = best[node] else { continue };
                for number in &self.out[node] {
                    let Edge { to, room, cost: more } = self.edges[*number];
                    if room > 0 && best[to].is_none_or(|known| cost + more < known) {
                        best[to] = Some(cost + more);
                        came_by[to] = Some(*number);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        best[to]?;
        let mut path = Vec::new();
        let mut node = to;
        while node != from {
            let number = came_by[node]?;
            path.push(number);
            node = self.edges[number ^ 1].to;
        }
        Some(path)
    }
}
