//! Numbers as people type them: `1e9`, `1_000_000`, `250k`.

/// A whole number: digits, set apart by `_` or not, and what they are times: `k`, `M`, `G`, or `e` and how many
/// zeros.
pub fn count(text: &str) -> Result<u64, String> {
    let wrong = || "expected a whole number such as 250000, 250_000, 250k, 3M or 1e9".to_owned();
    let digits = text.find(|it: char| !it.is_ascii_digit() && it != '_').unwrap_or(text.len());
    let (digits, times) = text.split_at(digits);
    let zeros = match times {
        "" => 0,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        times => match times.strip_prefix('e').filter(|it| it.bytes().all(|byte| byte.is_ascii_digit())) {
            Some(zeros) => zeros.parse().map_err(|_| wrong())?,
            None => return Err(wrong()),
        },
    };
    if digits.split('_').any(str::is_empty) {
        return Err(wrong());
    }
    let number: u64 = digits.replace('_', "").parse().map_err(|_| wrong())?;
    let large = || format!("{text} is more than can be counted here");
    10_u64.checked_pow(zeros).and_then(|times| number.checked_mul(times)).ok_or_else(large)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_strictly() {
        let reads = |text: &str, number: u64| assert_eq!(count(text), Ok(number), "{text}");
        reads("0", 0);
        reads("1e9", 1_000_000_000);
        reads("1_000_000", 1_000_000);
        reads("250k", 250_000);
        reads("12e0", 12);
        reads("3M", 3_000_000);
        reads("18446744073709551615", u64::MAX);
        for text in [
            "",
            "e9",
            "1e",
            "1e+9",
            "1.5e9",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1__0",
            "_1",
            "1_",
            "1_k",
            "1kk",
            "1K",
            "1e9k",
            "0x10",
            "١",
            "1e20",
            "18446744073709551616",
            "1e99999999999",
        ] {
            assert!(count(text).is_err(), "{text}");
        }
    }
}
