//! Numbers without a gap, as they are seen: in any order, and across the ends of days.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What was seen of a series of numbers, from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// All up to this one were seen.
    pub through: u64,
    /// Spans beyond it that were seen, by their first number, with their last.
    beyond: BTreeMap<u64, u64>,
}

impl Series {
    /// Sees a span of numbers, both ends included; false where one of them was seen before.
    pub fn see(&mut self, first: u64, last: u64) -> bool {
        let before = self.beyond.range(..=last).next_back();
        if first > last || first <= self.through || before.is_some_and(|(_, end)| *end >= first) {
            return false;
        }
        let (mut first, mut last) = (first, last);
        if let Some((start, _)) =
            before.map(|(start, end)| (*start, *end)).filter(|(_, end)| end + 1 == first)
        {
            self.beyond.remove(&start);
            first = start;
        }
        if let Some(end) = last.checked_add(1).and_then(|next| self.beyond.remove(&next)) {
            last = end;
        }
        self.beyond.insert(first, last);
        if let Some(end) = self.beyond.remove(&(self.through + 1)) {
            self.through = end;
        }
        true
    }

    /// The spans that are missing before the last number that was seen.
    pub fn missing(&self) -> Vec<(u64, u64)> {
        let mut next = self.through + 1;
        let mut missing = Vec::new();
        for (first, last) in &self.beyond {
            missing.push((next, first - 1));
            next = last + 1;
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_missing_is_what_was_not_seen(spans in prop::collection::vec((1_u64..60, 0_u64..6), 0..30)) {
            let mut series = Series::default();
            let mut seen = std::collections::BTreeSet::new();
            for (first, more) in spans {
                let span = first..=first + more;
                let is_new = span.clone().all(|number| !seen.contains(&number));
                prop_assert_eq!(series.see(first, first + more), is_new);
                if is_new {
                    seen.extend(span);
                }
            }
            let last = seen.last().copied().unwrap_or(0);
            let expected = Vec::from_iter((1..=last).filter(|number| !seen.contains(number)));
            let missing = series.missing().into_iter().flat_map(|(first, last)| first..=last);
            prop_assert_eq!(Vec::from_iter(missing), expected);
            prop_assert_eq!(series.beyond.is_empty(), series.through == last);
        }
    }
}
