//! Reading again what somebody else changed between the read and the write.

/// How often it is read again before the change is given up. Each time somebody else's write went
/// through, so only as many writers of one item at once can use this up.
const READS_MAX: u32 = 24;

/// Runs an attempt that reads, decides and commits, and runs it again while its refusal means that
/// what it read was changed meanwhile; a bounded number of times.
pub async fn read_again<T, E, F: Future<Output = Result<T, E>>>(
    was_changed: impl Fn(&E) -> bool,
    attempt: impl Fn() -> F,
) -> Result<T, E> {
    let mut reads = 1;
    loop {
        match attempt().await {
            Err(refused) if reads < READS_MAX && was_changed(&refused) => reads += 1,
            ended => return ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn tries(changes: u32) -> (Result<u32, &'static str>, u32) {
        let tries = Cell::new(0);
        let attempt = || {
            tries.set(tries.get() + 1);
            std::future::ready(if tries.get() <= changes { Err("changed") } else { Ok(tries.get()) })
        };
        (read_again(|refused| *refused == "changed", attempt).await, tries.get())
    }

    #[tokio::test]
    async fn what_was_changed_is_read_again_but_not_for_ever() {
        assert_eq!(tries(0).await, (Ok(1), 1));
        assert_eq!(tries(3).await, (Ok(4), 4));
        assert_eq!(tries(u32::MAX).await, (Err("changed"), READS_MAX));
    }
}
