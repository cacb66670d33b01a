//! Safe reading of terms: `Term<'c>` and what it may be (`View`).

use core::marker::PhantomData;
use core::mem::ManuallyDrop;

use super::buffer::Buffer;
use super::entry::{Export, FunEntry};
use super::word::{self, kind};
use crate::atom::Atom;

/// A term that lives as long as `'c`. The lifetime is invariant: terms of two calls cannot be mixed.
#[derive(Copy, Clone)]
#[repr(transparent)]
pub struct Term<'c> {
    word: u64,
    scope: PhantomData<fn(&'c ()) -> &'c ()>,
}

/// What a term is.
#[derive(Copy, Clone)]
pub enum View<'c> {
    Small(i64),
    Big(BigRef<'c>),
    Float(f64),
    Atom(Atom),
    Nil,
    Cons(Cons<'c>),
    Tuple(Tuple<'c>),
    Map(Map<'c>),
    Record(Record<'c>),
    Bits(Bits<'c>),
    Fun(Fun<'c>),
    Export(&'static Export),
    Pid(Term<'c>),
    Port(Term<'c>),
    Ref(Reference<'c>),
    /// Pid, port or reference of another node: the box's raw words.
    ExternalPid(&'c [u64]),
    ExternalPort(&'c [u64]),
    ExternalRef(&'c [u64]),
    /// A match context, read outside bit syntax as its remaining bits, or a raw stack trace.
    Other,
}

/// Sign and limbs (least significant first) of a bignum.
#[derive(Copy, Clone)]
pub struct BigRef<'c> {
    pub negative: bool,
    pub limbs: &'c [u64],
}

#[derive(Copy, Clone)]
pub struct Cons<'c> {
    pub head: Term<'c>,
    pub tail: Term<'c>,
}

#[derive(Copy, Clone)]
pub struct Tuple<'c> {
    pub elements: &'c [Term<'c>],
}

/// What is known of a counted buffer.
#[derive(Copy, Clone)]
pub struct Counted {
    /// Its address, the same for all who hold it.
    pub identity: u64,
    pub bytes: usize,
    pub holders: usize,
}

impl Counted {
    /// # Safety
    /// The address came from `Buffer::into_address`, and somebody holds that count while this runs.
    pub unsafe fn at(identity: u64) -> Counted {
        // SAFETY: promised; `ManuallyDrop` gives no count back.
        let buffer = ManuallyDrop::new(unsafe { Buffer::from_address(identity) });
        Counted { identity, bytes: buffer.capacity(), holders: buffer.count() }
    }
}

/// A native record of OTP 29.
#[derive(Copy, Clone)]
pub struct Record<'c> {
    /// The definition, then the values in the order of declaration.
    pub parts: &'c [Term<'c>],
}

impl<'c> Record<'c> {
    /// `{Module, Name, IsExported, {Field, …}}`
    pub fn definition(self) -> [Term<'c>; 4] {
        self.parts[0].as_tuple_of().expect("makers of records checked the definition")
    }
    pub fn module(self) -> Term<'c> {
        self.definition()[0]
    }
    pub fn name(self) -> Term<'c> {
        self.definition()[1]
    }
    pub fn is_exported(self) -> bool {
        self.definition()[2].is_atom(crate::atom::am::TRUE)
    }
    pub fn fields(self) -> &'c [Term<'c>] {
        self.definition()[3].as_tuple().expect("makers of records checked the definition").elements
    }
    pub fn values(self) -> &'c [Term<'c>] {
        &self.parts[1..]
    }
    /// Where the value of a field stands among the values.
    pub fn position(self, field: Term<'c>) -> Option<usize> {
        self.fields().iter().position(|other| other.is_same(field))
    }
    pub fn get(self, field: Term<'c>) -> Option<Term<'c>> {
        self.position(field).and_then(|at| self.values().get(at).copied())
    }
}

/// A map of either form; reading is here, lookup and update in `heap::map`.
#[derive(Copy, Clone)]
pub enum Map<'c> {
    /// Keys in order, and their values.
    Flat { keys: &'c [Term<'c>], values: &'c [Term<'c>] },
    /// `root` is the whole map's term; `children` the root node's.
    Hash { root: Term<'c>, size: usize, bitmap: u16, children: &'c [Term<'c>] },
}

/// A bitstring's bytes: `bytes` covers `offset + size` bits, `offset` in 0..8.
#[derive(Copy, Clone)]
pub struct Bits<'c> {
    pub bytes: &'c [u8],
    pub offset: usize,
    /// In bits.
    pub size: usize,
}

#[derive(Copy, Clone)]
pub struct Fun<'c> {
    pub entry: &'static FunEntry,
    pub creator: Term<'c>,
    pub env: &'c [Term<'c>],
}

/// A reference of this node: two words of identity, and the owner where it serves as alias or monitor.
#[derive(Copy, Clone)]
pub struct Reference<'c> {
    pub id: [u64; 2],
    pub owner: Option<Term<'c>>,
    /// Address of the resource behind it, 0 for a plain reference.
    pub resource: u64,
}

impl<'c> Term<'c> {
    pub const NIL: Term<'c> = Term::immediate(word::NIL);

    const fn immediate(word: u64) -> Self {
        Term { word, scope: PhantomData }
    }

    /// # Safety
    /// `word` is a valid term, and what it points to stays in place and unchanged while `'c` lasts.
    #[inline(always)]
    pub const unsafe fn from_word(word: u64) -> Self {
        Term { word, scope: PhantomData }
    }
    #[inline(always)]
    pub const fn word(self) -> u64 {
        self.word
    }
    /// The same term for a shorter while, so that it can be compared with terms that live no longer.
    ///
    /// Heaps take terms of their own scope only, which is never shorter than it has to be: no term gets longer-lived by this.
    #[inline(always)]
    pub fn shorten<'s>(self) -> Term<'s>
    where
        'c: 's,
    {
        Term { word: self.word, scope: PhantomData }
    }
    /// The same word: identical immediates, or the same box.
    #[inline(always)]
    pub fn is_same(self, other: Term<'_>) -> bool {
        self.word == other.word
    }
    /// A small integer; `None` when `value` needs a bignum.
    pub const fn small(value: i64) -> Option<Self> {
        if word::fits_small(value) { Some(Term::immediate(word::small(value))) } else { None }
    }
    pub const fn atom(atom: Atom) -> Self {
        Term::immediate(atom.word())
    }
    pub const fn bool(value: bool) -> Self {
        Term::atom(if value { crate::atom::am::TRUE } else { crate::atom::am::FALSE })
    }
    pub const fn local_pid(slot: u32, generation: u32) -> Self {
        Term::immediate(word::local_pid(slot, generation))
    }

    pub const fn local_port(slot: u32, generation: u32) -> Self {
        Term::immediate(word::local_port(slot, generation))
    }

    fn at(self, field: usize) -> *const u64 {
        (word::boxed_address(self.word) as *const u64).wrapping_add(1 + field)
    }
    fn field(self, field: usize) -> u64 {
        // SAFETY: called only after the header showed a kind that has this field.
        unsafe { *self.at(field) }
    }
    fn fields(self, from: usize, count: usize) -> &'c [Term<'c>] {
        // SAFETY: as `field`; the words of a box that is not raw are terms, valid for 'c.
        unsafe { core::slice::from_raw_parts(self.at(from).cast(), count) }
    }
    fn raw(self, from: usize, count: usize) -> &'c [u64] {
        // SAFETY: as `field`.
        unsafe { core::slice::from_raw_parts(self.at(from), count) }
    }
    /// The header of a boxed term; `NONV` for any other.
    #[inline(always)]
    pub fn header(self) -> u64 {
        if word::is_boxed(self.word) {
            // SAFETY: a valid boxed term points to its header.
            unsafe { *(word::boxed_address(self.word) as *const u64) }
        } else {
            word::NONV
        }
    }
    /// `kind::*` of a boxed term, 0 for any other.
    #[inline(always)]
    pub fn kind(self) -> u64 {
        word::header_kind(self.header())
    }

    #[inline]
    pub fn as_small(self) -> Option<i64> {
        word::is_small(self.word).then(|| word::small_value(self.word))
    }
    pub fn as_usize(self) -> Option<usize> {
        self.as_small().and_then(|value| usize::try_from(value).ok())
    }
    #[inline]
    pub fn as_atom(self) -> Option<Atom> {
        word::is_atom(self.word).then(|| Atom::of_word(self.word))
    }
    pub fn is_atom(self, atom: Atom) -> bool {
        self.word == atom.word()
    }
    pub fn as_bool(self) -> Option<bool> {
        match self.as_atom()? {
            crate::atom::am::TRUE => Some(true),
            crate::atom::am::FALSE => Some(false),
            _ => None,
        }
    }
    pub fn is_nil(self) -> bool {
        self.word == word::NIL
    }
    #[inline]
    pub fn as_cons(self) -> Option<Cons<'c>> {
        if !word::is_cons(self.word) {
            return None;
        }
        let cell = word::cons_address(self.word) as *const Term<'c>;
        // SAFETY: a valid cons points to head and tail, both terms valid for 'c.
        Some(unsafe { Cons { head: *cell, tail: *cell.add(1) } })
    }
    #[inline]
    pub fn as_tuple(self) -> Option<Tuple<'c>> {
        let header = self.header();
        (word::header_kind(header) == kind::TUPLE).then(|| Tuple { elements: self.fields(0, word::header_words(header)) })
    }
    /// The elements of a tuple of exactly `N`.
    pub fn as_tuple_of<const N: usize>(self) -> Option<[Term<'c>; N]> {
        self.as_tuple()?.elements.try_into().ok()
    }
    #[inline]
    pub fn as_record(self) -> Option<Record<'c>> {
        let header = self.header();
        (word::header_kind(header) == kind::RECORD).then(|| Record { parts: self.fields(0, word::header_words(header)) })
    }
    #[inline]
    pub fn as_float(self) -> Option<f64> {
        if word::is_carried_float(self.word) {
            Some(word::carried_float(self.word))
        } else {
            (self.kind() == kind::FLOAT).then(|| f64::from_bits(self.field(0)))
        }
    }
    pub fn as_big(self) -> Option<BigRef<'c>> {
        let header = self.header();
        let negative = match word::header_kind(header) {
            kind::BIGPOS => false,
            kind::BIGNEG => true,
            _ => return None,
        };
        Some(BigRef { negative, limbs: self.raw(0, word::header_words(header)) })
    }
    pub fn is_integer(self) -> bool {
        word::is_small(self.word) || matches!(self.kind(), kind::BIGPOS | kind::BIGNEG)
    }
    pub fn is_number(self) -> bool {
        self.is_integer() || self.as_float().is_some()
    }
    pub fn is_list(self) -> bool {
        self.is_nil() || word::is_cons(self.word)
    }
    pub fn is_local_pid(self) -> bool {
        word::is_local_pid(self.word)
    }
    pub fn is_pid(self) -> bool {
        self.is_local_pid() || self.kind() == kind::EXTPID
    }
    pub fn is_port(self) -> bool {
        word::is_local_port(self.word) || self.kind() == kind::EXTPORT
    }
    pub fn is_ref(self) -> bool {
        matches!(self.kind(), kind::REF | kind::EXTREF | kind::RESOURCE)
    }
    pub fn is_fun(self) -> bool {
        matches!(self.kind(), kind::FUN | kind::EXPORT)
    }
    pub fn is_map(self) -> bool {
        matches!(self.kind(), kind::FLATMAP | kind::HASHMAP)
    }
    pub fn is_bitstring(self) -> bool {
        matches!(self.kind(), kind::HEAPBITS | kind::REFCBITS | kind::SUBBITS | kind::MATCHCTX)
    }
    pub fn as_map(self) -> Option<Map<'c>> {
        let header = self.header();
        let words = word::header_words(header);
        match word::header_kind(header) {
            kind::FLATMAP => {
                let keys = self.fields(0, 1)[0].as_tuple()?.elements;
                Some(Map::Flat { keys, values: self.fields(1, words - 1) })
            }
            kind::HASHMAP => Some(Map::Hash {
                root: self,
                size: word::small_value(self.field(0)) as usize,
                bitmap: word::header_extra_of(header),
                children: self.fields(1, words - 1),
            }),
            _ => None,
        }
    }
    /// An inner node of a large map: bitmap and children.
    pub fn as_hash_node(self) -> Option<(u16, &'c [Term<'c>])> {
        let header = self.header();
        (word::header_kind(header) == kind::HASHNODE)
            .then(|| (word::header_extra_of(header), self.fields(0, word::header_words(header))))
    }
    /// The bits of a bitstring of any form; a match context gives what remains.
    pub fn as_bits(self) -> Option<Bits<'c>> {
        match self.kind() {
            kind::HEAPBITS | kind::REFCBITS => {
                let (data, size) = self.base_data();
                // SAFETY: heap bits and refc handles own `size` bits at `data`, which do not change while 'c lasts.
                let bytes = unsafe { core::slice::from_raw_parts(data, size.div_ceil(8)) };
                Some(Bits { bytes, offset: 0, size })
            }
            kind::SUBBITS => {
                Some(self.slice_of_base(word::small_value(self.field(1)) as usize, word::small_value(self.field(2)) as usize))
            }
            kind::MATCHCTX => {
                let position = word::small_value(self.field(1)) as usize;
                Some(self.slice_of_base(position, word::small_value(self.field(2)) as usize - position))
            }
            _ => None,
        }
    }
    /// The counted buffer of a refc handle.
    pub fn as_counted(self) -> Option<Counted> {
        // SAFETY: a live handle holds a count of the buffer at this address.
        (self.kind() == kind::REFCBITS).then(|| unsafe { Counted::at(self.field(1)) })
    }
    /// Data and size in bits of a heap bitstring or refc handle.
    fn base_data(self) -> (*const u8, usize) {
        if self.kind() == kind::HEAPBITS {
            (self.at(1).cast(), self.field(0) as usize)
        } else {
            // SAFETY: a refc handle's second word is the address of its live shared buffer.
            let data = unsafe { super::Buffer::data_of(self.field(1)) };
            (data, self.field(2) as usize)
        }
    }
    /// The heap bits or refc handle that a bitstring's bits lie in, and its first bit there.
    pub fn base_and_offset(self) -> (Term<'c>, usize) {
        match self.kind() {
            kind::SUBBITS | kind::MATCHCTX => (self.fields(0, 1)[0], word::small_value(self.field(1)) as usize),
            _ => (self, 0),
        }
    }
    fn slice_of_base(self, offset: usize, size: usize) -> Bits<'c> {
        let base = self.fields(0, 1)[0];
        let (data, _) = base.base_data();
        let first = offset / 8;
        let count = (offset % 8 + size).div_ceil(8);
        // SAFETY: makers of sub-bitstrings and match contexts keep offset + size within the base.
        let bytes = unsafe { core::slice::from_raw_parts(data.add(first), count) };
        Bits { bytes, offset: offset % 8, size }
    }
    /// The bytes of a byte-aligned binary, without copying; `None` also for a binary that starts within a byte.
    pub fn as_aligned_bytes(self) -> Option<&'c [u8]> {
        let bits = self.as_bits()?;
        (bits.offset == 0 && bits.size % 8 == 0).then_some(bits.bytes)
    }
    /// The bytes of a binary (whole number of bytes), copied only where it starts within a byte.
    pub fn to_bytes(self) -> Option<alloc::borrow::Cow<'c, [u8]>> {
        let bits = self.as_bits()?;
        (bits.size % 8 == 0).then(|| bits.to_bytes())
    }
    pub fn as_fun(self) -> Option<Fun<'c>> {
        let header = self.header();
        if word::header_kind(header) != kind::FUN {
            return None;
        }
        // SAFETY: entries are never freed, and a fun's first word is the address of one.
        let entry = unsafe { &*(self.field(0) as usize as *const FunEntry) };
        Some(Fun { entry, creator: self.fields(1, 1)[0], env: self.fields(2, word::header_words(header) - 2) })
    }
    pub fn as_export(self) -> Option<&'static Export> {
        // SAFETY: entries are never freed, and an export fun's word is the address of one.
        (self.kind() == kind::EXPORT).then(|| unsafe { &*(self.field(0) as usize as *const Export) })
    }
    pub fn as_reference(self) -> Option<Reference<'c>> {
        let header = self.header();
        match word::header_kind(header) {
            kind::REF => {
                let owner = (word::header_words(header) == 4).then(|| self.fields(2, 1)[0]);
                Some(Reference { id: [self.field(0), self.field(1)], owner, resource: 0 })
            }
            kind::RESOURCE => Some(Reference { id: [self.field(2), self.field(3)], owner: None, resource: self.field(1) }),
            _ => None,
        }
    }

    /// The words of a saved stack trace (see `interp::trace`).
    pub fn trace_words(self) -> Option<&'c [Term<'c>]> {
        let header = self.header();
        (word::header_kind(header) == kind::TRACE).then(|| self.fields(0, word::header_words(header)))
    }

    /// What the term is, for a `match`.
    pub fn view(self) -> View<'c> {
        match self.word & word::TAG_MASK {
            word::TAG_SMALL => View::Small(word::small_value(self.word)),
            word::TAG_CONS => View::Cons(self.as_cons().expect("the tag says so")),
            word::TAG_BOXED => self.boxed_view(),
            word::TAG_IMMEDIATE => match self.word & 0xFF {
                word::SUBTAG_NIL => View::Nil,
                word::SUBTAG_ATOM => View::Atom(Atom::of_word(self.word)),
                word::SUBTAG_PID => View::Pid(self),
                word::SUBTAG_PORT => View::Port(self),
                _ => View::Other,
            },
            word::TAG_HEADER => View::Other,
            _ => View::Float(word::carried_float(self.word)),
        }
    }
    fn boxed_view(self) -> View<'c> {
        let words = word::header_words(self.header());
        let known = "the header says so";
        match self.kind() {
            kind::TUPLE => View::Tuple(self.as_tuple().expect(known)),
            kind::RECORD => View::Record(self.as_record().expect(known)),
            kind::FUN => View::Fun(self.as_fun().expect(known)),
            kind::EXPORT => View::Export(self.as_export().expect(known)),
            kind::FLATMAP | kind::HASHMAP => View::Map(self.as_map().expect(known)),
            kind::SUBBITS | kind::HEAPBITS | kind::REFCBITS | kind::MATCHCTX => View::Bits(self.as_bits().expect(known)),
            kind::BIGPOS | kind::BIGNEG => View::Big(self.as_big().expect(known)),
            kind::FLOAT => View::Float(f64::from_bits(self.field(0))),
            kind::REF | kind::RESOURCE => View::Ref(self.as_reference().expect(known)),
            kind::EXTPID => View::ExternalPid(self.raw(0, words)),
            kind::EXTPORT => View::ExternalPort(self.raw(0, words)),
            kind::EXTREF => View::ExternalRef(self.raw(0, words)),
            _ => View::Other,
        }
    }
    /// Walks a list; `ListIter::rest` is what follows the last cell (`[]` for a proper list).
    pub fn iter_list(self) -> ListIter<'c> {
        ListIter { rest: self }
    }
    /// Length of a proper list.
    pub fn list_length(self) -> Option<usize> {
        let mut list = self.iter_list();
        let count = list.by_ref().count();
        list.rest.is_nil().then_some(count)
    }
    /// The elements of a proper list.
    pub fn list_to_vec(self) -> Option<Vec<Term<'c>>> {
        let mut list = self.iter_list();
        let elements: Vec<_> = list.by_ref().collect();
        list.rest.is_nil().then_some(elements)
    }
}

/// Cells of a list, head by head.
pub struct ListIter<'c> {
    pub rest: Term<'c>,
}

impl<'c> Iterator for ListIter<'c> {
    type Item = Term<'c>;
    #[inline]
    fn next(&mut self) -> Option<Term<'c>> {
        let cell = self.rest.as_cons()?;
        self.rest = cell.tail;
        Some(cell.head)
    }
}

impl Bits<'_> {
    pub fn is_binary(&self) -> bool {
        self.size.is_multiple_of(8)
    }
    /// Byte `index` counted from the first bit, whatever the offset; bits after the end read as stored.
    pub fn byte_at(&self, index: usize) -> u8 {
        if self.offset == 0 {
            return self.bytes[index];
        }
        let high = self.bytes[index] << self.offset;
        let low = self.bytes.get(index + 1).map_or(0, |next| next >> (8 - self.offset));
        high | low
    }
}

impl<'c> Bits<'c> {
    /// All bits from the first, left-aligned; unused bits of the last byte are 0 when copied or already so.
    pub fn to_bytes(&self) -> alloc::borrow::Cow<'c, [u8]> {
        if self.offset == 0 && self.size.is_multiple_of(8) {
            return alloc::borrow::Cow::Borrowed(self.bytes);
        }
        let mut copy: Vec<u8> = (0..self.size.div_ceil(8)).map(|index| self.byte_at(index)).collect();
        if let (Some(last), spare @ 1..) = (copy.last_mut(), (8 - self.size % 8) % 8) {
            *last &= 0xFF << spare;
        }
        alloc::borrow::Cow::Owned(copy)
    }
    /// `size` bits from `from`; both must lie within.
    pub fn slice(&self, from: usize, size: usize) -> Bits<'c> {
        assert!(from + size <= self.size, "slice of a bitstring within its size");
        let start = self.offset + from;
        let bytes = &self.bytes[start / 8..(start + size).div_ceil(8).max(start / 8)];
        Bits { bytes, offset: start % 8, size }
    }
}

impl Map<'_> {
    pub fn len(&self) -> usize {
        match self {
            Map::Flat { keys, .. } => keys.len(),
            Map::Hash { size, .. } => *size,
        }
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
