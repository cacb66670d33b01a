//! `lam why`: how the program gets to a function, and what decides the boot level.
//!
//! ```text
//! reach, with all who asked ─► edges ─► breadth first from the entry, else from given code, --keep, .app, the machine ─► steps
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lam_stdlib::SERVERS;

use super::natives::NativeTable;
use super::program::{Place, Program};
use super::reach::{self, Reached};
use crate::error::{Error, Result};
use crate::plan::BuildInput;

/// How a function asks for another, or what made it a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Entry,
    Given,
    Kept,
    AppFile,
    /// With the reason.
    Machine(&'static str),
    Calls,
    /// The module, the function and the arguments are handed to `apply`, `spawn` and their kin.
    Applies,
    /// In a tuple, or as `fun M:F/A`.
    Names,
    CalledBack,
    /// Called of a module that library code was handed.
    Handed,
    /// A BIF that goes on in Erlang code.
    Traps,
    OnLoad,
    /// Runs in a process of kernel under this name.
    Server(&'static str),
    Protocol,
    /// A call whose target nobody knows, and given code names the module.
    Unresolved,
    /// Code that nobody saw when building may call it.
    UnseenCode,
    /// `--shake modules` or `none`.
    Whole,
}

impl How {
    /// What stands behind the first function of a path.
    fn root(self) -> String {
        match self {
            How::Entry => "the entry point".into(),
            How::Kept => "kept by --keep".into(),
            How::AppFile => "in a module that an .app file names".into(),
            How::Machine(why) => format!("the machine's own: {why}"),
            _ => "in a given module, which stays whole".into(),
        }
    }

    /// What stands before each other function.
    fn step(self) -> String {
        match self {
            How::Applies => "applies".into(),
            How::Names => "names".into(),
            How::CalledBack => "names as a callback".into(),
            How::Handed => "hands over a module with".into(),
            How::Traps => "goes on in".into(),
            How::OnLoad => "is loaded with".into(),
            How::Server(name) => format!("asks the server `{name}`, which runs"),
            How::Protocol => "is a protocol, implemented by".into(),
            How::Unresolved => "makes a call whose target is not known, and given code names the module of".into(),
            How::UnseenCode => "runs code that nobody saw when building; its applications stay whole, with".into(),
            How::Whole => "is in a module that stays whole (--shake), with".into(),
            _ => "calls".into(),
        }
    }
}

/// All who ask for each function.
#[derive(Default)]
pub struct Edges {
    from: BTreeMap<Place, Vec<(Place, How)>>,
    roots: Vec<(Place, How)>,
    /// Places of given code with a call whose target is not known, or that runs code which nobody saw; what they keep is kept
    /// once, for the first of them.
    pub is_unresolved: BTreeSet<Place>,
    pub runs_unseen: BTreeSet<Place>,
    /// Calls of the machine's own functions and of those that nobody has, by name.
    pub outside: BTreeMap<String, Vec<Place>>,
}

impl Edges {
    pub fn add(&mut self, from: Option<Place>, to: Place, how: How) {
        match from {
            None => self.roots.push((to, how)),
            Some(from) => self.from.entry(from).or_default().push((to, how)),
        }
    }
}

/// Any of `callers` asks for all of `targets`.
struct Group {
    callers: BTreeSet<Place>,
    targets: Vec<Place>,
    how: How,
}

/// The search from roots of one kind, then from those of the next.
struct Search<'r> {
    edges: &'r Edges,
    groups: Vec<Group>,
    found: BTreeMap<Place, (Option<Place>, How)>,
}

impl<'r> Search<'r> {
    fn new(program: &Program<'_>, reached: &'r Reached) -> Search<'r> {
        let edges = &reached.edges;
        let kept = |(module, function, arity): &(&str, &str, u8)| {
            let index = program.modules.iter().position(|row| row.name == *module)?;
            let place = (index, program.modules[index].file.function_named(function, *arity)?);
            reached.parents.contains_key(&place).then_some(place)
        };
        let mut groups: Vec<Group> = Vec::new();
        for server in SERVERS {
            let callers = server.callers.iter().filter_map(kept).collect();
            let targets = server.keep.iter().filter_map(kept).collect();
            groups.push(Group { callers, targets, how: How::Server(server.name) });
        }
        let targets =
            |how: How| -> Vec<Place> { edges.from.values().flatten().filter(|edge| edge.1 == how).map(|edge| edge.0).collect() };
        for (callers, how) in [(&edges.is_unresolved, How::Unresolved), (&edges.runs_unseen, How::UnseenCode)] {
            groups.push(Group { callers: callers.clone(), targets: targets(how), how });
        }
        let mut protocols: BTreeMap<usize, Vec<Place>> = BTreeMap::new();
        for (from, to) in &edges.from {
            let implementing = to.iter().filter(|edge| edge.1 == How::Protocol).map(|edge| edge.0);
            protocols.entry(from.0).or_default().extend(implementing);
        }
        for (protocol, targets) in protocols.into_iter().filter(|(_, targets)| !targets.is_empty()) {
            let callers = reached.parents.keys().filter(|place| place.0 == protocol).copied().collect();
            groups.push(Group { callers, targets, how: How::Protocol });
        }
        Search { edges, groups, found: BTreeMap::new() }
    }

    /// The first of the wanted functions that is met, by way of the fewest steps.
    fn run(&mut self, is_wanted: &dyn Fn(Place) -> bool) -> Option<Place> {
        let is_machine = |how: &How| matches!(how, How::Machine(_));
        let kinds: [&dyn Fn(&How) -> bool; 5] = [
            &|how| *how == How::Entry,
            &|how| *how == How::Given,
            &|how| *how == How::Kept,
            &|how| *how == How::AppFile,
            &is_machine,
        ];
        let edges = self.edges;
        for is_kind in kinds {
            let mut todo = VecDeque::new();
            for (place, how) in edges.roots.iter().filter(|(_, how)| is_kind(how)) {
                self.meet(*place, None, *how, &mut todo);
            }
            while let Some(place) = todo.pop_front() {
                if is_wanted(place) {
                    return Some(place);
                }
                for (to, how) in edges.from.get(&place).into_iter().flatten() {
                    self.meet(*to, Some(place), *how, &mut todo);
                }
                while let Some(index) = self.groups.iter().position(|group| group.callers.contains(&place)) {
                    let group = self.groups.swap_remove(index);
                    group.targets.iter().for_each(|to| self.meet(*to, Some(place), group.how, &mut todo));
                }
            }
        }
        None
    }

    fn meet(&mut self, place: Place, from: Option<Place>, how: How, todo: &mut VecDeque<Place>) {
        if let std::collections::btree_map::Entry::Vacant(entry) = self.found.entry(place) {
            entry.insert((from, how));
            todo.push_back(place);
        }
    }

    /// The steps to a function that was met, one a line.
    fn steps(&self, program: &Program<'_>, place: Place) -> Vec<String> {
        let mut steps = Vec::new();
        let mut next = Some(place);
        while let Some(place) = next {
            let (from, how) = self.found[&place];
            let name = program.name(place);
            steps.push(match from {
                None => format!("{name}, {}", how.root()),
                Some(_) if how == How::Calls && is_fun(&name) => format!("  makes {name}"),
                Some(_) => format!("  {} {name}", how.step()),
            });
            next = from;
        }
        steps.reverse();
        steps
    }
}

/// Functions that the compiler made of funs are named `-f/1-fun-0-`.
fn is_fun(name: &str) -> bool {
    name.split_once(':').is_some_and(|(_, function)| function.starts_with('-') && function.contains("-fun-"))
}

/// What somebody asks about: `M`, `M:F` or `M:F/A`.
struct Wanted<'t> {
    module: &'t str,
    function: Option<&'t str>,
    arity: Option<u8>,
}

fn parse(text: &str) -> Result<Wanted<'_>> {
    let wrong =
        || Error::usage(format!("`{text}` is not a function")).hint("write M, M:F or M:F/A, as in: lam why lists:map/2 ebin");
    let (module, rest) = text.split_once(':').map_or((text, None), |(module, rest)| (module, Some(rest)));
    let (function, arity) = match rest.map(|rest| rest.rsplit_once('/').ok_or(rest)) {
        None => (None, None),
        Some(Err(function)) => (Some(function), None),
        Some(Ok((function, arity))) => (Some(function), Some(arity.parse::<u8>().map_err(|_| wrong())?)),
    };
    if module.is_empty() || function.is_some_and(str::is_empty) {
        return Err(wrong());
    }
    Ok(Wanted { module, function, arity })
}

/// The shortest way from the entry point to a function, one step a line; an error when it is not kept.
pub fn why(input: &BuildInput<'_>, text: &str) -> Result<Vec<String>> {
    let wanted = parse(text)?;
    let natives = NativeTable::new(input.library.major());
    let mut program = Program::new(input);
    program.read_given()?;
    let entry = super::entry(input, &program)?;
    let reached = reach::reach_with_edges(&mut program, &natives, &entry)?;
    let elixir = format!("Elixir.{}", wanted.module);
    let module = [wanted.module, &elixir].into_iter().find(|name| program.find(name).is_some()).unwrap_or(wanted.module);
    let left_out: BTreeSet<Place> =
        reached.kept.iter().flat_map(|kept| kept.dormant.iter().map(|index| (kept.module, *index))).collect();
    let is_wanted = |place: Place| {
        let (its_module, function, arity) = program.mfa(place);
        its_module == module
            && wanted.function.is_none_or(|wanted| wanted == function)
            && wanted.arity.is_none_or(|wanted| wanted == arity)
            && !left_out.contains(&place)
    };
    let mut search = Search::new(&program, &reached);
    if let Some(place) = search.run(&is_wanted) {
        return Ok(search.steps(&program, place));
    }
    // A function of the machine's own, or one that nobody has: its callers are kept.
    for (name, callers) in &reached.edges.outside {
        let is_it = parse(name).is_ok_and(|it| {
            it.module == module
                && wanted.function.is_none_or(|wanted| Some(wanted) == it.function)
                && wanted.arity.is_none_or(|wanted| Some(wanted) == it.arity)
        });
        if !is_it {
            continue;
        }
        let mut search = Search::new(&program, &reached);
        if let Some(place) = search.run(&|place| callers.contains(&place)) {
            let mut steps = search.steps(&program, place);
            let is_native =
                parse(name).is_ok_and(|it| natives.has(it.module, it.function.unwrap_or_default(), it.arity.unwrap_or(0)));
            steps.push(format!(
                "  calls {name}, {}",
                if is_native { "a function of the machine's own" } else { "which nobody has" }
            ));
            return Ok(steps);
        }
    }
    let error = Error::new(format!("`{text}` is not kept: nothing that is kept asks for it"));
    let Some(index) = program.load(module)? else {
        return Err(Error::new(format!("`{text}` is not kept: there is no module `{module}`")));
    };
    let is_there = wanted.function.is_none_or(|function| match wanted.arity {
        Some(arity) => program.modules[index].file.function_named(function, arity).is_some(),
        None => !program.exported_all(index, function).is_empty(),
    });
    if is_there {
        Err(error.hint(format!("--keep {text} keeps it")))
    } else {
        Err(Error::new(format!("`{text}` is not kept: `{module}` has no such function")))
    }
}

/// The boot level and what decided it, one step a line.
pub fn why_boot(input: &BuildInput<'_>) -> Result<Vec<String>> {
    let natives = NativeTable::new(input.library.major());
    let mut program = Program::new(input);
    program.read_given()?;
    let entry = super::entry(input, &program)?;
    let reached = reach::reach(&mut program, &natives, &entry)?;
    let mut lines = vec![format!("boot level {}", reached.start.text())];
    for asked in &reached.services {
        lines.push(format!("the server `{}`:", asked.server));
        let steps = asked.path.iter().rev().enumerate();
        lines.extend(steps.map(|(depth, step)| format!("  {}{step}", if depth == 0 { "" } else { "  calls " })));
        lines.push(format!("    calls {}", asked.function));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_about_is_read() {
        let read = |text| parse(text).map(|wanted| (wanted.module, wanted.function, wanted.arity)).ok();
        assert_eq!(read("lists"), Some(("lists", None, None)));
        assert_eq!(read("lists:map"), Some(("lists", Some("map"), None)));
        assert_eq!(read("erlang:'/'/2"), Some(("erlang", Some("'/'"), Some(2))));
        assert_eq!(read("erlang://2"), Some(("erlang", Some("/"), Some(2))));
        assert_eq!((read(""), read("lists:"), read("lists:map/x"), read(":map/2")), (None, None, None, None));
    }
}
