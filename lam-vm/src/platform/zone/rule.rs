//! Rules of POSIX, such as `CET-1CEST,M3.5.0,M10.5.0/3`.

use super::LocalOffset;

const DAY: i64 = 86_400;

/// A parsed rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    standard: LocalOffset,
    summer: Option<Summer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Summer {
    offset: LocalOffset,
    starts: Change,
    ends: Change,
}

/// A day of the year and seconds after its midnight, in the local time that held before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    day: Day,
    seconds: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// `Jn`: 1 to 365, 29 February does not count.
    Julian(i64),
    /// `n`: 0 to 365, 29 February counts.
    Zero(i64),
    /// `Mm.w.d`: weekday `d` (0 is Sunday) of week `w` (5 is the last) of month `m`.
    Month { month: i64, week: i64, weekday: i64 },
}

impl Rule {
    /// The offset at a second of UTC.
    pub(super) fn at(&self, utc_seconds: i64) -> LocalOffset {
        let Some(summer) = &self.summer else { return self.standard };
        // Far beyond any date, but inside what the sums below can hold.
        let utc_seconds = utc_seconds.clamp(-(1 << 55), 1 << 55);
        let standard = i64::from(self.standard.seconds);
        let year = year_of(utc_seconds.saturating_add(standard));
        let starts = summer.starts.second_in(year) - standard;
        let ends = summer.ends.second_in(year) - i64::from(summer.offset.seconds);
        let is_summer =
            if starts < ends { (starts..ends).contains(&utc_seconds) } else { !(ends..starts).contains(&utc_seconds) };
        if is_summer { summer.offset } else { self.standard }
    }
}

impl Change {
    /// Local second (since 1970) of the change in that year.
    fn second_in(&self, year: i64) -> i64 {
        let january = days_before_year(year);
        let day = match self.day {
            Day::Julian(day) => january + day - 1 + i64::from(is_leap(year) && day >= 60),
            Day::Zero(day) => january + day,
            Day::Month { month, week, weekday } => {
                let first = january + days_before_month(year, month);
                // 1970-01-01 was a Thursday.
                let first_weekday = (first + 4).rem_euclid(7);
                let mut day = first + (weekday - first_weekday).rem_euclid(7) + (week - 1) * 7;
                while day >= first + days_in_month(year, month) {
                    day -= 7;
                }
                day
            }
        };
        day * DAY + i64::from(self.seconds)
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_before_month(year: i64, month: i64) -> i64 {
    (1..month).map(|earlier| days_in_month(year, earlier)).sum()
}

/// Days from 1970-01-01 to the first of January of `year`.
fn days_before_year(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400) - 719_162
}

fn year_of(seconds: i64) -> i64 {
    let days = seconds.div_euclid(DAY);
    // The mean year is 365.2425 days; the guess is off by one at most.
    let mut year = 1970 + (days * 10_000).div_euclid(3_652_425);
    while days_before_year(year) > days {
        year -= 1;
    }
    while days_before_year(year + 1) <= days {
        year += 1;
    }
    year
}

/// Parses a whole TZ string; `None` when it is no rule.
pub(super) fn parse(text: &[u8]) -> Option<Rule> {
    let mut input = Input(text);
    input.name()?;
    let standard = LocalOffset { seconds: input.time(24)?.checked_neg()?, is_dst: false };
    if input.0.is_empty() {
        return Some(Rule { standard, summer: None });
    }
    input.name()?;
    let seconds = match input.0.first() {
        None | Some(b',') => standard.seconds + 3600,
        _ => -input.time(24)?,
    };
    let offset = LocalOffset { seconds, is_dst: true };
    // Without dates the rule of the United States holds, as glibc has it.
    let (starts, ends) = if input.0.is_empty() {
        let at_two = |month, week| Change { day: Day::Month { month, week, weekday: 0 }, seconds: 7200 };
        (at_two(3, 2), at_two(11, 1))
    } else {
        (input.change()?, input.change()?)
    };
    input.0.is_empty().then_some(Rule { standard, summer: Some(Summer { offset, starts, ends }) })
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    /// `CET` or `<+01>`; at least three letters in the first form.
    fn name(&mut self) -> Option<()> {
        if self.eat(b'<') {
            let end = self.0.iter().position(|&byte| byte == b'>')?;
            self.0 = &self.0[end + 1..];
            return Some(());
        }
        let end = self.0.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(self.0.len());
        self.0 = &self.0[end..];
        (end >= 3).then_some(())
    }

    /// A number of at most four digits.
    fn number(&mut self) -> Option<i64> {
        let end = self.0.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.0.len());
        if end == 0 || end > 4 {
            return None;
        }
        let value = self.0[..end].iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        self.0 = &self.0[end..];
        Some(value)
    }

    /// `[+-]hh[:mm[:ss]]` as seconds.
    fn time(&mut self, most_hours: i64) -> Option<i32> {
        let negative = self.eat(b'-');
        if !negative {
            self.eat(b'+');
        }
        let hours = self.number().filter(|hours| *hours <= most_hours)?;
        let minutes = if self.eat(b':') { self.number().filter(|minutes| *minutes < 60)? } else { 0 };
        let seconds = if self.eat(b':') { self.number().filter(|seconds| *seconds < 60)? } else { 0 };
        let total = i32::try_from(hours * 3600 + minutes * 60 + seconds).ok()?;
        Some(if negative { -total } else { total })
    }

    /// `,DAY[/TIME]`; the time is 02:00 when it is not said, and may lie up to a week away (RFC 8536, 3.3.1).
    fn change(&mut self) -> Option<Change> {
        if !self.eat(b',') {
            return None;
        }
        let day = if self.eat(b'J') {
            Day::Julian(self.number().filter(|day| (1..=365).contains(day))?)
        } else if self.eat(b'M') {
            let month = self.number().filter(|month| (1..=12).contains(month))?;
            let week = self.eat(b'.').then(|| self.number())?.filter(|week| (1..=5).contains(week))?;
            let weekday = self.eat(b'.').then(|| self.number())?.filter(|weekday| (0..=6).contains(weekday))?;
            Day::Month { month, week, weekday }
        } else {
            Day::Zero(self.number().filter(|day| (0..=365).contains(day))?)
        };
        let seconds = if self.eat(b'/') { self.time(167)? } else { 7200 };
        Some(Change { day, seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds_at(rule: &str, utc: i64) -> i32 {
        parse(rule.as_bytes()).expect("a good rule").at(utc).seconds
    }

    #[test]
    fn central_europe_changes_at_one_utc() {
        let rule = "CET-1CEST,M3.5.0,M10.5.0/3";
        assert_eq!(seconds_at(rule, 1_711_846_799), 3600); // 2024-03-31 00:59:59Z
        assert_eq!(seconds_at(rule, 1_711_846_800), 7200);
        assert_eq!(seconds_at(rule, 1_729_990_799), 7200); // 2024-10-27 00:59:59Z
        assert_eq!(seconds_at(rule, 1_729_990_800), 3600);
    }

    #[test]
    fn the_south_has_summer_over_new_year() {
        let rule = "NZST-12NZDT,M9.5.0,M4.1.0/3";
        assert_eq!(seconds_at(rule, 1_704_067_200), 13 * 3600); // 2024-01-01
        assert_eq!(seconds_at(rule, 1_719_792_000), 12 * 3600); // 2024-07-01
    }

    #[test]
    fn odd_offsets_and_quoted_names() {
        assert_eq!(seconds_at("<+0530>-5:30", 0), 19_800);
        assert_eq!(seconds_at("EST5", 0), -18_000);
        assert_eq!(seconds_at("EST5EDT", 1_720_000_000), -14_400);
        assert_eq!(seconds_at("AAA0BBB,J60,J300", 1_709_251_200 + 7200), 3600); // 2024-03-01 02:00 is J60 in a leap year
        assert_eq!(seconds_at("AAA0BBB,J60,J300", 1_709_251_200 + 7199), 0);
    }

    #[test]
    fn nonsense_is_no_rule() {
        for text in
            ["", "A", "CET", "CET-99", "CET-1CEST,", "CET-1CEST,M13.1.0,M1.1.0", "<abc", "CET-1CEST,M3.5.0,M10.5.0/3x", "\u{0}"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn years_are_found() {
        for (seconds, year) in [(0, 1970), (-1, 1969), (951_782_400, 2000), (4_102_444_799, 2099), (-62_135_596_800, 1)] {
            assert_eq!(year_of(seconds), year);
        }
    }
}
