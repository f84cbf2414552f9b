//! The rate at which a promise may still be broken although no breach was seen.

/// Upper end of the one-sided 95 % Clopper–Pearson interval for the rate of an
/// event that did not occur in `n` independent trials: 1 − 0.05^(1/n).
pub fn upper_bound(n: u32) -> f64 {
    if n == 0 { 1.0 } else { 1.0 - 0.05_f64.powf(1.0 / f64::from(n)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_about_three_over_n() {
        assert!((upper_bound(30) - 0.0950).abs() < 0.0005);
        assert!((upper_bound(300) - 0.00994).abs() < 0.0001);
        assert!((upper_bound(1) - 0.95).abs() < 1e-9);
        assert_eq!(upper_bound(0), 1.0);
    }
}
