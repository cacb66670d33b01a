//! Local time: which offset from UTC holds at a given second.
//!
//! ```text
//! TZ unset        /etc/localtime        TZif file
//! TZ=""           UTC
//! TZ=":Area/City" or "Area/City"        TZif file under TZDIR or /usr/share/zoneinfo
//! TZ="CET-1CEST,M3.5.0,M10.5.0/3"       POSIX rule
//! ```
//!
//! Hosts without zone files (WASI without preopens) end at UTC. The web host answers by a hook instead. Sources: POSIX.1
//! chapter 8.3 for the rules, RFC 8536 for TZif.

mod rule;
mod tzif;

use super::{env, files, host};
use crate::sync::Arc;
use crate::sync::global::Mutex;

/// Seconds east of UTC, and whether that is summer time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalOffset {
    /// Local seconds minus UTC seconds.
    pub seconds: i32,
    /// Summer time.
    pub is_dst: bool,
}

impl LocalOffset {
    const UTC: LocalOffset = LocalOffset { seconds: 0, is_dst: false };
}

/// A time zone: transitions, then a rule for what comes after the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zone {
    /// (UTC second from which it holds, index into `kinds`), ascending.
    transitions: Vec<(i64, u8)>,
    kinds: Vec<LocalOffset>,
    rule: Option<rule::Rule>,
}

impl Zone {
    fn at(&self, utc_seconds: i64) -> LocalOffset {
        let after = self.transitions.partition_point(|&(from, _)| from <= utc_seconds);
        if after == self.transitions.len()
            && let Some(rule) = &self.rule
        {
            return rule.at(utc_seconds);
        }
        match after.checked_sub(1) {
            Some(last) => self.kind(self.transitions[last].1),
            // Before the first transition: the first kind that is not summer time (RFC 8536, 3.2).
            None => self.kinds.iter().find(|kind| !kind.is_dst).or(self.kinds.first()).copied().unwrap_or(LocalOffset::UTC),
        }
    }

    fn kind(&self, index: u8) -> LocalOffset {
        self.kinds.get(usize::from(index)).copied().unwrap_or(LocalOffset::UTC)
    }
}

/// The offset that holds at `utc_seconds` (seconds since 1970).
pub fn local_offset(utc_seconds: i64) -> LocalOffset {
    match host::local_offset_hook(utc_seconds) {
        Some(offset) => offset,
        None => current_zone().at(utc_seconds),
    }
}

/// UTC of a local time, both as seconds since 1970 counted in their own clock.
///
/// `is_dst` chooses where a local time happens twice, and shifts it where it is claimed of the other kind, as `mktime`.
/// A local time that never happens (clocks jumped over it) counts on from the time before the jump.
pub fn universal_of_local(local_seconds: i64, is_dst: Option<bool>) -> i64 {
    const DAY: i64 = 86_400;
    let before = local_offset(local_seconds.saturating_sub(DAY));
    let after = local_offset(local_seconds.saturating_add(DAY));
    let with = |offset: LocalOffset| local_seconds.saturating_sub(i64::from(offset.seconds));
    let holds = |offset: LocalOffset| local_offset(with(offset)).seconds == offset.seconds;
    if let Some(wanted) = is_dst {
        if let Some(offset) = [before, after].into_iter().find(|offset| offset.is_dst == wanted && holds(*offset)) {
            return with(offset);
        }
        if let Some(offset) = nearest_of_kind(local_seconds, wanted) {
            return with(offset);
        }
        // A zone without summer time, as `mktime` takes it: an hour ahead of its only time.
        if wanted {
            return with(before).saturating_sub(3600);
        }
    }
    // A time that happens twice is taken as winter time, which is what glibc answers when it is not told.
    let mut fitting = [before, after].into_iter().filter(|offset| holds(*offset));
    match (fitting.next(), fitting.next()) {
        (Some(first), Some(second)) => with(if first.is_dst { second } else { first }),
        (Some(only), None) => with(only),
        _ => with(before),
    }
}

/// The nearest offset in time of that kind, looked for in steps of a week within a year and a bit.
fn nearest_of_kind(local_seconds: i64, is_dst: bool) -> Option<LocalOffset> {
    const WEEK: i64 = 7 * 86_400;
    for step in 0..56 {
        for sign in [-1, 1] {
            let offset = local_offset(local_seconds.saturating_add(sign * step * WEEK));
            if offset.is_dst == is_dst {
                return Some(offset);
            }
        }
    }
    None
}

/// The zone that TZ names now; kept until TZ changes.
fn current_zone() -> Arc<Zone> {
    type Cached = Option<(Option<Vec<u8>>, Arc<Zone>)>;
    static CACHE: std::sync::OnceLock<Mutex<Cached>> = std::sync::OnceLock::new();
    let tz = env::get(b"TZ");
    let mut cache = CACHE.get_or_init(|| Mutex::new(None)).lock();
    if let Some((key, zone)) = &*cache
        && *key == tz
    {
        return zone.clone();
    }
    let zone = Arc::new(load(tz.as_deref()).unwrap_or_default());
    *cache = Some((tz, zone.clone()));
    zone
}

/// Reads the zone that a TZ value names; `None` means UTC.
fn load(tz: Option<&[u8]>) -> Option<Zone> {
    let Some(tz) = tz else { return read_zone_file(b"/etc/localtime") };
    let name = tz.strip_prefix(b":").unwrap_or(tz);
    if name.is_empty() {
        return None;
    }
    if name.starts_with(b"/") {
        return read_zone_file(name);
    }
    let is_inside = !name.split(|&byte| byte == b'/').any(|part| part == b"..");
    if is_inside {
        let mut path = env::get(b"TZDIR").unwrap_or_else(|| b"/usr/share/zoneinfo".to_vec());
        path.push(b'/');
        path.extend_from_slice(name);
        if let Some(zone) = read_zone_file(&path) {
            return Some(zone);
        }
    }
    rule::parse(tz).map(|rule| Zone { rule: Some(rule), ..Zone::default() })
}

fn read_zone_file(path: &[u8]) -> Option<Zone> {
    let bytes = files::read_file(path).ok()?;
    tzif::parse(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_zone_is_utc() {
        assert_eq!(load(Some(b"")), None);
        assert_eq!(load(Some(b"No/Such")), None);
        assert_eq!(load(Some(b"../../etc/passwd")), None);
        assert_eq!(Zone::default().at(0), LocalOffset::UTC);
    }

    #[test]
    fn a_rule_is_a_zone() {
        let zone = load(Some(b"CET-1CEST,M3.5.0,M10.5.0/3")).expect("a good rule");
        assert_eq!(zone.at(1_700_000_000), LocalOffset { seconds: 3600, is_dst: false });
        assert_eq!(zone.at(1_690_000_000), LocalOffset { seconds: 7200, is_dst: true });
    }
}
