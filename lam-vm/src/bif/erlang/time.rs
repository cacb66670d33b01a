//! Clocks and calendars.
//!
//! Erlang monotonic time is the host's monotonic clock less an offset, in nanoseconds, so that it is negative for years after
//! boot, as OTP's; system time is monotonic time plus an offset taken once (no time warp).

use crate::atom::am;
use crate::bif::args::OrBadarg;
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::arith::int_ref;
use crate::platform;
use crate::sync::OnceLock;
use crate::term::Term;
use crate::term::integer::{self, Integer};

bifs! { module "erlang";
    /// Monotonic time in native units, nanoseconds.
    [plain] "monotonic_time"/0 = monotonic_time_0, "erts/emulator/beam/erl_time_sup.c";
    /// Monotonic time in this unit: a name, or parts of a second.
    ///
    /// `erlang:monotonic_time(x)` => `error:badarg`
    /// `erlang:monotonic_time(0)` => `error:badarg`
    [plain] "monotonic_time"/1 = monotonic_time_1, "erts/emulator/beam/erl_time_sup.c";
    /// System time (UTC since 1970) in native units, nanoseconds.
    [plain] "system_time"/0 = system_time_0, "erts/emulator/beam/erl_time_sup.c";
    /// System time in this unit.
    ///
    /// `erlang:system_time(years)` => `error:badarg`
    [plain] "system_time"/1 = system_time_1, "erts/emulator/beam/erl_time_sup.c";
    /// System time less monotonic time, in native units.
    [plain] "time_offset"/0 = time_offset_0, "erts/emulator/beam/erl_time_sup.c";
    /// System time less monotonic time, in this unit.
    [plain] "time_offset"/1 = time_offset_1, "erts/emulator/beam/erl_time_sup.c";
    /// System time as `{MegaSeconds, Seconds, MicroSeconds}`.
    [plain] "timestamp"/0 = timestamp, "erts/emulator/beam/erl_time_sup.c";
    /// As `timestamp/0`, each time a later one than before.
    [plain] "now"/0 = now, "erts/emulator/beam/erl_time_sup.c";
    /// The local date, `{Year, Month, Day}`.
    [plain] "date"/0 = date, "erts/emulator/beam/bif.c";
    /// The local time of day, `{Hour, Minute, Second}`.
    [plain] "time"/0 = time, "erts/emulator/beam/bif.c";
    /// The local date and time.
    [plain] "localtime"/0 = localtime, "erts/emulator/beam/bif.c";
    /// The date and time of UTC.
    [plain] "universaltime"/0 = universaltime, "erts/emulator/beam/bif.c";
    /// A local date and time as UTC; summer time as said: `true`, `false` or `undefined`.
    ///
    /// `erlang:localtime_to_universaltime({{2024, 13, 1}, {0, 0, 0}}, undefined)` => `error:badarg`
    /// `erlang:localtime_to_universaltime({{2024, 1, 1}, {0, 0, 0}}, maybe)` => `error:badarg`
    [plain] "localtime_to_universaltime"/2 = localtime_to_universaltime, "erts/emulator/beam/bif.c";
    /// A date and time of UTC as local ones.
    ///
    /// `erlang:universaltime_to_localtime({{2024, 2, 30}, {0, 0, 0}})` => `error:badarg`
    [plain] "universaltime_to_localtime"/1 = universaltime_to_localtime, "erts/emulator/beam/bif.c";
    /// A date and time of UTC as seconds since 1970.
    ///
    /// `erlang:universaltime_to_posixtime({{2001, 9, 9}, {1, 46, 40}})` => `1000000000`
    /// `erlang:universaltime_to_posixtime({{1969, 12, 31}, {23, 59, 59}})` => `-1`
    /// `erlang:universaltime_to_posixtime({{2001, 2, 29}, {0, 0, 0}})` => `error:badarg`
    [plain] "universaltime_to_posixtime"/1 = universaltime_to_posixtime, "erts/emulator/beam/bif.c";
    /// Seconds since 1970 as a date and time of UTC.
    ///
    /// `erlang:posixtime_to_universaltime(1000000000)` => `{{2001, 9, 9}, {1, 46, 40}}`
    /// `erlang:posixtime_to_universaltime(-1)` => `{{1969, 12, 31}, {23, 59, 59}}`
    /// `erlang:posixtime_to_universaltime(a)` => `error:badarg`
    [plain] "posixtime_to_universaltime"/1 = posixtime_to_universaltime, "erts/emulator/beam/bif.c";
    /// An integer that no other call gives.
    [plain] "unique_integer"/0 = unique_integer_0, "erts/emulator/beam/erl_bif_unique.c";
    /// As `unique_integer/0`; `positive`: above 0, `monotonic`: each larger than those before.
    ///
    /// `erlang:unique_integer([x])` => `error:badarg`
    [plain] "unique_integer"/1 = unique_integer_1, "erts/emulator/beam/erl_bif_unique.c";
}

/// Native units in a second.
pub const UNITS_A_SECOND: i64 = 1_000_000_000;

/// Where Erlang's monotonic time begins, as OTP's on a machine of nanoseconds.
pub const MONOTONIC_START: i64 = -576_460_751 * UNITS_A_SECOND;

/// Readings of both host clocks at first use.
struct Start {
    monotonic: i64,
    system: i64,
}

fn start() -> &'static Start {
    static START: OnceLock<Start> = OnceLock::new();
    START.get_or_init(|| Start { monotonic: platform::monotonic_ns() as i64, system: platform::system_ns() })
}

/// Fixes time zero; called at boot, else at the first reading.
pub fn start_clock() {
    start();
}

/// Erlang monotonic time.
pub fn monotonic_ns() -> i64 {
    let start = start();
    MONOTONIC_START + (platform::monotonic_ns() as i64).saturating_sub(start.monotonic)
}

/// What monotonic time needs to become system time.
pub fn offset_ns() -> i64 {
    start().system - MONOTONIC_START
}

/// Erlang system time.
pub fn system_ns() -> i64 {
    monotonic_ns() + offset_ns()
}

/// Parts of a second of a unit argument.
pub fn unit_of<'c>(unit: Term<'c>) -> Result<Integer, Stop<'c>> {
    let parts = match unit.as_atom() {
        Some(am::SECOND | am::SECONDS) => 1,
        Some(am::MILLISECOND | am::MILLI_SECONDS) => 1000,
        Some(am::MICROSECOND | am::MICRO_SECONDS) => 1_000_000,
        Some(am::NANOSECOND | am::NANO_SECONDS | am::NATIVE | am::PERF_COUNTER) => UNITS_A_SECOND,
        Some(_) => return Err(Stop::BADARG),
        None => return Ok(int_ref(unit).filter(|parts| !parts.is_negative() && !parts.is_zero()).or_badarg()?.to_owned()),
    };
    Ok(Integer::from(parts))
}

/// Nanoseconds in another unit, rounded down.
pub fn in_unit<'c>(call: &mut Call<'c>, ns: i64, unit: Term<'c>) -> BifResult<'c> {
    let unit = unit_of(unit)?;
    let scaled = integer::mul(Integer::from(ns).as_ref(), unit.as_ref()).map_err(|_| Stop::SYSTEM_LIMIT)?;
    let second = Integer::from(UNITS_A_SECOND);
    let (mut quotient, rest) = integer::div_rem(scaled.as_ref(), second.as_ref()).expect("a second has parts");
    if rest.as_ref().is_negative() {
        quotient = integer::sub(quotient.as_ref(), Integer::from(1i64).as_ref()).map_err(|_| Stop::SYSTEM_LIMIT)?;
    }
    Ok(call.owned_integer(&quotient))
}

fn monotonic_time_0<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(call.integer(monotonic_ns()))
}
fn monotonic_time_1<'c>(call: &mut Call<'c>, [unit]: [Term<'c>; 1]) -> BifResult<'c> {
    in_unit(call, monotonic_ns(), unit)
}
fn system_time_0<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(call.integer(system_ns()))
}
fn system_time_1<'c>(call: &mut Call<'c>, [unit]: [Term<'c>; 1]) -> BifResult<'c> {
    in_unit(call, system_ns(), unit)
}
fn time_offset_0<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(call.integer(offset_ns()))
}
fn time_offset_1<'c>(call: &mut Call<'c>, [unit]: [Term<'c>; 1]) -> BifResult<'c> {
    in_unit(call, offset_ns(), unit)
}

/// Microseconds since 1970 as `{MegaSeconds, Seconds, MicroSeconds}`.
pub fn stamp<'c>(call: &mut Call<'c>, microseconds: i64) -> Term<'c> {
    let seconds = microseconds.div_euclid(1_000_000);
    let parts = [seconds.div_euclid(1_000_000), seconds.rem_euclid(1_000_000), microseconds.rem_euclid(1_000_000)];
    integers(call, parts)
}

fn timestamp<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(stamp(call, system_ns() / 1000))
}

fn now<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let unique = call.system().unique.later_than(system_ns() / 1000);
    Ok(stamp(call, unique))
}

/// A tuple of integers.
fn integers<'c, const N: usize>(call: &mut Call<'c>, values: [i64; N]) -> Term<'c> {
    let terms = values.map(|value| call.integer(value));
    call.tuple(&terms)
}

/// A date and time of day, of whichever clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Calendar {
    date: [i64; 3],
    time: [i64; 3],
}

const DAY: i64 = 86_400;

impl Calendar {
    /// After Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day comes last.
    fn of_seconds(seconds: i64) -> Calendar {
        let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = year_of_era + 400 * era + i64::from(month <= 2);
        Calendar { date: [year, month, day], time: [second / 3600, second / 60 % 60, second % 60] }
    }
    fn seconds(&self) -> i64 {
        let [year, month, day] = self.date;
        let [hour, minute, second] = self.time;
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
        (era * 146_097 + of_era - 719_468) * DAY + hour * 3600 + minute * 60 + second
    }
    fn of_term(term: Term<'_>) -> Option<Calendar> {
        let [date, time] = term.as_tuple_of()?;
        let date = integers_of(date)?;
        let time = integers_of(time)?;
        Some(Calendar { date, time })
    }
    fn is_valid(&self) -> bool {
        let [year, month, day] = self.date;
        let [hour, minute, second] = self.time;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        (1..=12).contains(&month)
            && (1..=days).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second)
            && (i64::from(i32::MIN)..=i64::from(i32::MAX)).contains(&year)
    }
    fn to_term<'c>(self, call: &mut Call<'c>) -> Term<'c> {
        let date = integers(call, self.date);
        let time = integers(call, self.time);
        call.tuple(&[date, time])
    }
}

fn integers_of(term: Term<'_>) -> Option<[i64; 3]> {
    let [a, b, c] = term.as_tuple_of()?;
    Some([a.as_small()?, b.as_small()?, c.as_small()?])
}

/// Seconds of the host's clock of UTC, since 1970.
fn now_seconds() -> i64 {
    platform::system_ns().div_euclid(UNITS_A_SECOND)
}

fn local_of(utc_seconds: i64) -> Calendar {
    Calendar::of_seconds(utc_seconds + i64::from(platform::local_offset(utc_seconds).seconds))
}

fn date<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let now = local_of(now_seconds());
    Ok(integers(call, now.date))
}
fn time<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let now = local_of(now_seconds());
    Ok(integers(call, now.time))
}
fn localtime<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(local_of(now_seconds()).to_term(call))
}
fn universaltime<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    Ok(Calendar::of_seconds(now_seconds()).to_term(call))
}

fn calendar_of<'c>(term: Term<'c>) -> Result<Calendar, Stop<'c>> {
    Calendar::of_term(term).filter(Calendar::is_valid).or_badarg()
}

fn localtime_to_universaltime<'c>(call: &mut Call<'c>, [local, is_dst]: [Term<'c>; 2]) -> BifResult<'c> {
    let is_dst = match is_dst.as_atom() {
        Some(am::TRUE) => Some(true),
        Some(am::FALSE) => Some(false),
        Some(am::UNDEFINED) => None,
        _ => return Err(Stop::BADARG),
    };
    let local = calendar_of(local)?;
    let utc = platform::universal_of_local(local.seconds(), is_dst);
    Ok(Calendar::of_seconds(utc).to_term(call))
}

fn universaltime_to_localtime<'c>(call: &mut Call<'c>, [utc]: [Term<'c>; 1]) -> BifResult<'c> {
    let utc = calendar_of(utc)?;
    Ok(local_of(utc.seconds()).to_term(call))
}

fn universaltime_to_posixtime<'c>(call: &mut Call<'c>, [utc]: [Term<'c>; 1]) -> BifResult<'c> {
    let utc = calendar_of(utc)?;
    Ok(call.integer(utc.seconds()))
}

/// Seconds of the years that a calendar holds, either way from 1970.
const MAX_SECONDS: i64 = i32::MAX as i64 * 366 * DAY;

fn posixtime_to_universaltime<'c>(call: &mut Call<'c>, [seconds]: [Term<'c>; 1]) -> BifResult<'c> {
    let seconds = seconds.as_small().filter(|seconds| seconds.abs() <= MAX_SECONDS).or_badarg()?;
    Ok(Calendar::of_seconds(seconds).to_term(call))
}

fn unique_integer_0<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let unique = call.system().unique.integer();
    Ok(call.integer(negative_first(unique)))
}

/// As OTP, whose first unique integers are negative and small.
fn negative_first(unique: u64) -> i64 {
    (unique as i64).wrapping_add(-576_460_752_303_423_488)
}

fn unique_integer_1<'c>(call: &mut Call<'c>, [modifiers]: [Term<'c>; 1]) -> BifResult<'c> {
    let (mut positive, mut monotonic) = (false, false);
    for modifier in modifiers.list_to_vec().or_badarg()? {
        match modifier.as_atom().map(crate::atom::Atom::text) {
            Some("positive") => positive = true,
            Some("monotonic") => monotonic = true,
            _ => return Err(Stop::BADARG),
        }
    }
    let unique = &call.system().unique;
    let value = match (monotonic, positive) {
        (true, true) => unique.monotonic_count(),
        (true, false) => negative_first(unique.monotonic_count() as u64),
        (false, true) => unique.integer() as i64,
        (false, false) => negative_first(unique.integer()),
    };
    Ok(call.integer(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calendars_come_back() {
        for seconds in [0, -1, 86_399, 951_782_400, 4_107_542_400, -62_167_219_200, -2_208_988_800, 253_402_300_799] {
            let calendar = Calendar::of_seconds(seconds);
            assert!(calendar.is_valid(), "{calendar:?}");
            assert_eq!(calendar.seconds(), seconds);
        }
        assert_eq!(Calendar::of_seconds(951_782_400).date, [2000, 2, 29]);
    }

    #[test]
    fn monotonic_time_starts_where_otp_starts() {
        let first = monotonic_ns();
        assert!(first < 0 && monotonic_ns() >= first);
    }
}
