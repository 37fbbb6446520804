//! The tables that the benchmarks print.

use super::table::{Column, NONE, figure, markdown};

#[test]
fn a_table_is_aligned_and_a_p50_shares_a_column_with_its_p99() {
    let cells = |cells: [&str; 2]| cells.map(str::to_owned).into_iter();
    let mut accept = Column::new("accept p50 ms", cells(["0.44", NONE]));
    accept.join("p99 ms", cells(["10.90", NONE]));
    let columns = [Column::new("CPU µs", cells(["63", "1,234"])), accept];
    let expected = "
| at speed | CPU µs | accept p50 / p99 ms |
|----------|-------:|--------------------:|
| here     |     63 |        0.44 / 10.90 |
| two      |  1,234 |                   – |";
    assert_eq!(markdown("at speed", &["here", "two"], &columns), expected.trim());
}

#[test]
fn thousands_are_separated() {
    for (value, decimals, expected) in [
        (0.0, 0, "0"),
        (999.0, 0, "999"),
        (1000.0, 0, "1,000"),
        (1_234_567.891, 2, "1,234,567.89"),
        (-123_456.0, 1, "-123,456.0"),
        (0.2847, 2, "0.28"),
    ] {
        assert_eq!(figure(value, decimals), expected);
    }
}
