//! An image read as bytes, trusted in nothing: for tools, and for the check of all that it holds.

use super::format::{END, Header, MAGIC, SECTION_COUNT, Section};
use crate::atom;
use crate::isa::dis;
use crate::platform::bundle::index as bundle;
use crate::term::word::{self, kind};

/// The sections by number, with the names that reports use.
pub const SECTION_NAMES: [&str; SECTION_COUNT] = [
    "atoms",
    "literals",
    "code",
    "exports",
    "funs",
    "modules",
    "functions",
    "lines",
    "files",
    "index",
    "embedded",
    "relocations",
    "file_index",
    "file_bytes",
];

const EXPORT_BYTES: usize = 64;
const MODULE_BYTES: usize = 16 * 8;
const FUN_BYTES: usize = 80;
/// Where `boot` and `sections` stand in the header, in words.
const BOOT_WORD: usize = 6;
const SECTIONS_WORD: usize = 13;
const _: () = assert!(size_of::<Header>() == 8 * (SECTIONS_WORD + 2 * SECTION_COUNT + 1));

/// An image's bytes.
pub struct View<'a> {
    bytes: &'a [u8],
    sections: [(usize, usize); SECTION_COUNT],
    atoms: Vec<&'a str>,
}

/// A module of an image.
pub struct ViewModule {
    pub name: String,
    pub code_bytes: u64,
    pub functions: u64,
    pub exports: u64,
    /// Index of its words in the section, and their count.
    first_word: usize,
    words: usize,
    first_function: usize,
}

/// A function of a module: its name, and where its code lies in the image, in words.
pub struct ViewFunction {
    pub name: String,
    pub arity: u64,
    pub first_word: usize,
    pub words: usize,
}

impl<'a> View<'a> {
    /// Reads header, section table and atoms.
    pub fn open(bytes: &'a [u8]) -> Result<View<'a>, String> {
        let mut view = View { bytes, sections: [(0, 0); SECTION_COUNT], atoms: Vec::new() };
        if view.word(0) != Some(MAGIC) {
            return Err("it does not start as an image".into());
        }
        let total = view.word(1).filter(|total| *total <= bytes.len() as u64).ok_or("it is shorter than its header says")?;
        if view.word((total as usize / 8).wrapping_sub(1)) != Some(END) {
            return Err("its end is missing".into());
        }
        for (section, name) in SECTION_NAMES.iter().enumerate() {
            let [offset, length] = [0, 1].map(|half| view.word(SECTIONS_WORD + 2 * section + half).unwrap_or(u64::MAX));
            if offset % 8 != 0 || offset.checked_add(length).is_none_or(|end| end > total) {
                return Err(format!("its section `{name}` lies outside"));
            }
            view.sections[section] = (offset as usize, length as usize);
        }
        view.atoms = view.read_atoms().ok_or("its table of atoms is not valid")?;
        Ok(view)
    }
    fn read_atoms(&self) -> Option<Vec<&'a str>> {
        let bytes = self.section(Section::Atoms);
        let number = |index: usize| {
            bytes.get(4 * index..4 * index + 4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize)
        };
        let count = number(0)?;
        let text = bytes.get(4 * count.checked_add(2)?..)?;
        (1..=count).map(|index| std::str::from_utf8(text.get(number(index)?..number(index + 1)?)?).ok()).collect()
    }
    /// A word of the image by its index.
    pub fn word(&self, index: usize) -> Option<u64> {
        let at = index.checked_mul(8)?;
        let eight = self.bytes.get(at..at.checked_add(8)?)?;
        Some(u64::from_le_bytes(eight.try_into().expect("eight bytes")))
    }
    pub fn section(&self, section: Section) -> &'a [u8] {
        let (offset, length) = self.sections[section as usize];
        &self.bytes[offset..offset + length]
    }
    /// Name and bytes of each section.
    pub fn section_sizes(&self) -> Vec<(&'static str, u64)> {
        SECTION_NAMES.iter().zip(self.sections).map(|(name, (_, length))| (*name, length as u64)).collect()
    }
    /// Path and length of each embedded file.
    pub fn files(&self) -> Vec<(String, u64)> {
        let rows = bundle::Index::new(self.section(Section::FileIndex)).rows();
        rows.filter_map(|row| Some((String::from_utf8_lossy(row.path).into_owned(), row.file?.1))).collect()
    }
    pub fn base(&self) -> u64 {
        self.word(5).unwrap_or(0)
    }
    pub fn build_id(&self) -> [u64; 2] {
        [3, 4].map(|index| self.word(index).unwrap_or(0))
    }
    pub fn machine(&self) -> u64 {
        self.word(2).unwrap_or(0)
    }
    pub fn otp_release(&self) -> u64 {
        self.word(BOOT_WORD + 6).unwrap_or(0)
    }
    /// The entry as `M:F/A`.
    pub fn entry(&self) -> String {
        let [module, function, arity] = [2, 3, 4].map(|index| self.word(BOOT_WORD + index).unwrap_or(0));
        format!("{}:{}/{}", self.atom(module), self.atom(function), word::small_value(arity))
    }
    fn atom_text(&self, word: u64) -> Option<&'a str> {
        if !word::is_atom(word) {
            return None;
        }
        let well_known = atom::well_known_texts();
        let index = word::atom_index(word) as usize;
        match index.checked_sub(well_known.len()) {
            None => Some(well_known[index]),
            Some(own) => self.atoms.get(own).copied(),
        }
    }
    /// An atom's text; `?` for another word.
    pub fn atom(&self, word: u64) -> String {
        self.atom_text(word).unwrap_or("?").to_string()
    }
    /// Words of the image from one address to another, if both lie in the section.
    fn index_of(&self, section: Section, address: u64) -> Option<usize> {
        let (offset, length) = self.sections[section as usize];
        let at = usize::try_from(address.checked_sub(self.base())?).ok()?;
        (at % 8 == 0 && at >= offset && at <= offset + length).then_some(at / 8)
    }

    pub fn modules(&self) -> Vec<ViewModule> {
        let (offset, length) = self.sections[Section::Modules as usize];
        (0..length / MODULE_BYTES).filter_map(|row| self.module(offset / 8 + 16 * row)).collect()
    }
    fn module(&self, at: usize) -> Option<ViewModule> {
        let row: Vec<u64> = (at..at + 16).map(|index| self.word(index)).collect::<Option<_>>()?;
        let (start, end) = (self.index_of(Section::Code, row[1])?, self.index_of(Section::Code, row[2])?);
        Some(ViewModule {
            name: self.atom(row[0]),
            code_bytes: 8 * end.checked_sub(start)? as u64,
            functions: row[4],
            exports: row[9],
            first_word: start,
            words: end - start,
            first_function: usize::try_from(row[3]).ok()?,
        })
    }
    /// The functions of a module, in the order of its code.
    pub fn functions(&self, module: &ViewModule) -> Vec<ViewFunction> {
        let table = self.section(Section::Functions);
        let offsets: Vec<usize> = table
            .chunks_exact(4)
            .skip(module.first_function)
            .take(module.functions as usize)
            .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize)
            .collect();
        let ends = offsets.iter().skip(1).copied().chain([module.words]);
        let row = |(start, end): (&usize, usize)| {
            let first_word = module.first_word + start;
            Some(ViewFunction {
                name: self.atom(self.word(first_word + 2)?),
                arity: self.word(first_word + 3)?,
                first_word,
                words: end.checked_sub(*start).filter(|_| end <= module.words)?,
            })
        };
        offsets.iter().zip(ends).filter_map(row).collect()
    }
    /// What a word of code or literals names, shortly.
    pub fn term(&self, term: u64) -> String {
        if let Some(name) = self.export_name(term) {
            return name;
        }
        match term {
            word::NIL => "[]".into(),
            _ if word::is_small(term) => word::small_value(term).to_string(),
            _ if word::is_atom(term) => self.atom(term),
            _ if word::is_cons(term) => "[…]".into(),
            _ if word::is_boxed(term) => "literal".into(),
            _ => format!("{term:#x}"),
        }
    }
    fn export_name(&self, address: u64) -> Option<String> {
        let at = self.index_of(Section::Exports, address)?;
        let [module, function, arity] = [2, 3, 4].map(|index| self.word(at + index));
        Some(format!("{}:{}/{}", self.atom_text(module?)?, self.atom_text(function?)?, arity?))
    }
    /// A function's instructions, one a line with its distance from the entry of the function's `func_info`.
    pub fn disassemble(&self, function: &ViewFunction) -> String {
        let words: Vec<u64> = (0..function.words).map_while(|index| self.word(function.first_word + index)).collect();
        let mut text = String::new();
        let mut at = 0;
        while at < words.len() {
            let Some(length) = dis::length(&words[at..]) else {
                text += &format!("{at:6}  ?\n");
                break;
            };
            text += &format!("{at:6}  {}\n", dis::instruction(&words[at..at + length], &|_, word| self.term(word)));
            at += length;
        }
        text
    }

    // --- the whole check

    /// What is wrong with tables, code and literals: nothing, for an image that may be run.
    pub fn verify(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        self.verify_modules(&mut wrong);
        self.verify_literals(&mut wrong);
        self.verify_exports(&mut wrong);
        let damaged = bundle::damaged(self.section(Section::FileIndex), self.section(Section::FileBytes));
        wrong.extend(
            damaged.into_iter().map(|path| format!("the file `{}` is not what was embedded", String::from_utf8_lossy(path))),
        );
        wrong.truncate(100);
        wrong
    }
    fn verify_modules(&self, wrong: &mut Vec<String>) {
        let (_, length) = self.sections[Section::Modules as usize];
        let modules = self.modules();
        if modules.len() * MODULE_BYTES != length {
            wrong.push("a module's code lies outside".into());
        }
        for module in &modules {
            let functions = self.functions(module);
            if functions.len() as u64 != module.functions {
                wrong.push(format!("the functions of `{}` lie outside", module.name));
            }
            for function in &functions {
                if let Err(why) = self.verify_code(function) {
                    wrong.push(format!("`{}:{}/{}`: {why}", module.name, function.name, function.arity));
                }
            }
        }
    }
    /// Instructions follow one another to the function's end; jumps stay within it; constants and entries are there.
    fn verify_code(&self, function: &ViewFunction) -> Result<(), String> {
        let words: Vec<u64> = (0..function.words).map_while(|index| self.word(function.first_word + index)).collect();
        let mut starts = vec![false; words.len()];
        let mut targets = Vec::new();
        let mut at = 0;
        while at < words.len() {
            let length = dis::length(&words[at..]).ok_or_else(|| format!("no instruction at {at}"))?;
            starts[at] = true;
            let here = &words[at..at + length];
            let row = dis::row(here[0]).ok_or("no instruction")?;
            // Calls leave the function; other jumps do not.
            if !row.name.starts_with("call") {
                targets.extend(dis::jumps(here).into_iter().map(|distance| at as i64 + distance));
            }
            let ext = row.operands.split_once('|').map_or("", |(_, ext)| ext);
            for (index, letter) in ext.chars().enumerate() {
                let Some(word) = here.get(1 + index) else { break };
                let is_good = match letter {
                    'q' => self.is_term(*word),
                    // A call that an instruction stands for has no entry.
                    'e' => *word == 0 || self.is_record(Section::Exports, EXPORT_BYTES, *word),
                    'f' => self.is_record(Section::Funs, FUN_BYTES, *word),
                    '*' => break,
                    _ => true,
                };
                if !is_good {
                    return Err(format!("`{}` at {at} names {word:#x}, which is not there", row.name));
                }
            }
            at += length;
        }
        match targets.iter().find(|target| usize::try_from(**target).ok().and_then(|target| starts.get(target)) != Some(&true)) {
            Some(target) => Err(format!("a jump to {target}, where no instruction starts")),
            None => Ok(()),
        }
    }
    fn is_record(&self, section: Section, bytes: usize, address: u64) -> bool {
        let (offset, length) = self.sections[section as usize];
        self.index_of(section, address)
            .is_some_and(|index| (8 * index - offset) % bytes == 0 && 8 * index + bytes <= offset + length)
    }
    /// An immediate, or a pointer to a literal; raw words of instructions (flags, arities) read as smalls.
    fn is_term(&self, term: u64) -> bool {
        if !word::is_pointer(term) {
            return !word::is_atom(term) || self.atom_text(term).is_some();
        }
        let is_cons = word::is_cons(term);
        let address = if is_cons { word::cons_address(term) } else { word::boxed_address(term) };
        let Some(index) = self.index_of(Section::Literals, address as u64) else { return false };
        let (offset, length) = self.sections[Section::Literals as usize];
        let end = (offset + length) / 8;
        let words = match self.word(index) {
            Some(_) if is_cons => 2,
            Some(header) if word::is_header(header) => 1 + word::header_words(header),
            _ => return false,
        };
        index.checked_add(words).is_some_and(|last| last <= end)
    }
    fn verify_literals(&self, wrong: &mut Vec<String>) {
        let (offset, length) = self.sections[Section::Literals as usize];
        let end = (offset + length) / 8;
        let mut index = offset / 8;
        let mut after_export = false;
        while index < end {
            let Some(word) = self.word(index) else { break };
            let is_good = match (after_export, word::is_header(word)) {
                (true, _) => self.is_record(Section::Exports, EXPORT_BYTES, word),
                (_, true) => index + 1 + word::header_words(word) <= end,
                _ => self.is_term(word),
            };
            if !is_good {
                wrong.push(format!("literal word {} is {word:#x}, which is no term", index - offset / 8));
            }
            after_export = !after_export && word == word::header(kind::EXPORT, 1);
            let is_raw = word::is_header(word) && word::header_is_raw(word);
            index += if is_raw { 1 + word::header_words(word) } else { 1 };
        }
    }
    fn verify_exports(&self, wrong: &mut Vec<String>) {
        let (offset, length) = self.sections[Section::Exports as usize];
        for row in 0..length / EXPORT_BYTES {
            let at = offset / 8 + 8 * row;
            let Some(words) = (at..at + 8).map(|index| self.word(index)).collect::<Option<Vec<u64>>>() else { break };
            let own = self.base() + 8 * at as u64;
            let is_good = self.atom_text(words[2]).is_some()
                && self.atom_text(words[3]).is_some()
                && words[4] <= 255
                && words[6] == own
                && (words[0] == own + 40 || self.index_of(Section::Code, words[0]).is_some());
            if !is_good {
                wrong.push(format!("export entry {row} is not one"));
            }
        }
        let index = self.section(Section::ExportIndex);
        let slots = index.len() / 4;
        let numbers = index.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize);
        if !slots.is_power_of_two() || numbers.into_iter().any(|number| number > length / EXPORT_BYTES) {
            wrong.push("the index of exports is not one".into());
        }
    }
}
