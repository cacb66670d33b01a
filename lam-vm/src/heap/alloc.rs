//! Bump allocation of boxes, and `Heap<'c>`: the safe way to build terms.
//!
//! ```text
//! main block   start … top (free) limit …          a process's heap, or empty
//! fragments    what did not fit, newest last        merged by the next collection
//! ```
//! Allocation never collects and never fails but by exhausting memory: what does not fit goes into a heap fragment.

use core::marker::PhantomData;
use core::ptr::NonNull;

use super::off_heap::OffHeap;
use crate::atom::Atom;
use crate::term::word::{self, kind};
use crate::term::{Buffer, Export, FunEntry, Record, Term};

/// A block beside the main one. Its words up to `used` belong to boxes.
pub struct Fragment {
    words: Box<[core::mem::MaybeUninit<u64>]>,
    used: usize,
}

impl Fragment {
    pub fn new(words: usize) -> Self {
        Fragment { words: Box::new_uninit_slice(words), used: 0 }
    }
    pub fn used_words(&self) -> usize {
        self.used
    }
    pub fn as_ptr(&self) -> *const u64 {
        self.words.as_ptr().cast()
    }
    pub fn as_mut_ptr(&mut self) -> *mut u64 {
        self.words.as_mut_ptr().cast()
    }
    /// The words that belong to boxes.
    pub fn words(&self) -> &[u64] {
        // SAFETY: whoever allocates words fills them before anything else can look.
        unsafe { core::slice::from_raw_parts(self.as_ptr(), self.used) }
    }
    pub fn contains(&self, address: usize) -> bool {
        let start = self.as_ptr() as usize;
        address >= start && address < start + 8 * self.used
    }
    /// Room for `words`; the caller has seen that they fit.
    pub(super) fn bump(&mut self, words: usize) -> *mut u64 {
        let at = self.used;
        self.used += words;
        self.words[at..].as_mut_ptr().cast()
    }
    pub(super) fn room(&self) -> usize {
        self.words.len() - self.used
    }
}

/// Where new boxes go. `top` and `limit` delimit the free part of the main block (both null when there is none).
pub struct Alloc {
    pub top: *mut u64,
    pub limit: *mut u64,
    pub fragments: Vec<Fragment>,
    /// Words in `fragments`, which count towards when to collect.
    pub fragment_words: usize,
    pub off_heap: OffHeap,
}

impl Default for Alloc {
    fn default() -> Self {
        Alloc {
            top: core::ptr::null_mut(),
            limit: core::ptr::null_mut(),
            fragments: Vec::new(),
            fragment_words: 0,
            off_heap: OffHeap::default(),
        }
    }
}

impl Alloc {
    /// `words` words, not initialised; the caller fills all of them before anything else can look.
    #[inline(always)]
    pub fn alloc_words(&mut self, words: usize) -> *mut u64 {
        let free = (self.limit as usize).wrapping_sub(self.top as usize);
        // A limit below top (stack grew into the reserve) must not look like a lot of room.
        if (free as isize) >= (8 * words) as isize {
            let at = self.top;
            self.top = at.wrapping_add(words);
            at
        } else {
            self.alloc_in_fragment(words)
        }
    }

    #[cold]
    fn alloc_in_fragment(&mut self, words: usize) -> *mut u64 {
        if self.fragments.last().is_none_or(|last| last.room() < words) {
            let size = words.max(32).max(self.fragment_words.min(1 << 16));
            self.fragments.push(Fragment::new(size));
        }
        self.fragment_words += words;
        self.fragments.last_mut().expect("just pushed").bump(words)
    }

    /// A fragment made elsewhere joins; the last one stays last, for it may have room.
    pub fn attach(&mut self, fragment: Fragment) {
        self.fragment_words += fragment.used_words();
        self.fragments.push(fragment);
        let count = self.fragments.len();
        if count > 1 && self.fragments[count - 2].room() > self.fragments[count - 1].room() {
            self.fragments.swap(count - 2, count - 1);
        }
    }

    /// Builds terms in a scope of their own.
    pub fn with<R>(&mut self, build: impl for<'c> FnOnce(&mut Heap<'c>) -> R) -> R {
        // SAFETY: the scope 'c is the closure's own, so no term of it gets out, and nothing else uses `self` meanwhile.
        build(&mut unsafe { Heap::of(self) })
    }
    /// As `with`, for those who keep the heap, as a call of a BIF does.
    pub fn with_owned<R>(&mut self, build: impl for<'c> FnOnce(Heap<'c>) -> R) -> R {
        // SAFETY: as `with`.
        build(unsafe { Heap::of(self) })
    }
}

/// Builds terms that live for `'c`.
pub struct Heap<'c> {
    alloc: NonNull<Alloc>,
    scope: PhantomData<fn(&'c ()) -> &'c ()>,
}

impl<'c> Heap<'c> {
    /// # Safety
    /// While `'c` lasts `alloc` is alive, nothing else allocates from it but through this heap, and nothing collects it.
    pub unsafe fn of(alloc: &mut Alloc) -> Self {
        Heap { alloc: NonNull::from(alloc), scope: PhantomData }
    }
    pub(crate) fn alloc(&mut self) -> &mut Alloc {
        // SAFETY: `of` promised that it is alive and ours while 'c lasts.
        unsafe { self.alloc.as_mut() }
    }
    /// A box of `kind` with these payload words.
    pub(crate) fn boxed(&mut self, header: u64, payload: &[u64]) -> Term<'c> {
        let at = self.alloc().alloc_words(1 + payload.len());
        // SAFETY: `alloc_words` gave 1 + payload.len() words, written here; the caller pairs header and payload.
        unsafe {
            *at = header;
            core::ptr::copy_nonoverlapping(payload.as_ptr(), at.add(1), payload.len());
            Term::from_word(word::boxed_at(at as usize))
        }
    }
    /// As `boxed`, of terms.
    pub(crate) fn boxed_terms(&mut self, header: u64, terms: &[Term<'c>]) -> Term<'c> {
        // SAFETY: `Term` is a transparent word.
        let words = unsafe { core::slice::from_raw_parts(terms.as_ptr().cast::<u64>(), terms.len()) };
        self.boxed(header, words)
    }

    /// A literal, as a term of this scope.
    pub fn literal(&mut self, literal: Term<'static>) -> Term<'c> {
        // SAFETY: what lives for ever lives as long as this scope.
        unsafe { Term::from_word(literal.word()) }
    }

    pub fn cons(&mut self, head: Term<'c>, tail: Term<'c>) -> Term<'c> {
        let at = self.alloc().alloc_words(2);
        // SAFETY: two words were given and are written here.
        unsafe {
            *at = head.word();
            *at.add(1) = tail.word();
            Term::from_word(word::cons_at(at as usize))
        }
    }
    /// A proper list of these elements, in this order.
    pub fn list(&mut self, elements: &[Term<'c>]) -> Term<'c> {
        self.list_with_tail(elements, Term::NIL)
    }
    /// A list of these elements that ends in `tail`; laid out cell after cell.
    pub fn list_with_tail(&mut self, elements: &[Term<'c>], tail: Term<'c>) -> Term<'c> {
        if elements.is_empty() {
            return tail;
        }
        let at = self.alloc().alloc_words(2 * elements.len());
        for (index, element) in elements.iter().enumerate() {
            let next = if index + 1 == elements.len() { tail.word() } else { word::cons_at(at as usize + 16 * (index + 1)) };
            // SAFETY: 2 * len words were given; cell `index` lies within.
            unsafe {
                *at.add(2 * index) = element.word();
                *at.add(2 * index + 1) = next;
            }
        }
        // SAFETY: all cells are written.
        unsafe { Term::from_word(word::cons_at(at as usize)) }
    }
    pub fn tuple(&mut self, elements: &[Term<'c>]) -> Term<'c> {
        self.boxed_terms(word::header(kind::TUPLE, elements.len()), elements)
    }
    /// A native record; `None` unless the definition is `{Module, Name, IsExported, {Field, …}}` with a different field for each value.
    pub fn record(&mut self, definition: Term<'c>, values: &[Term<'c>]) -> Option<Term<'c>> {
        let [module, name, is_exported, fields] = definition.as_tuple_of()?;
        (module.as_atom().is_some() && name.as_atom().is_some() && is_exported.as_bool().is_some()).then_some(())?;
        let mut words: Vec<u64> =
            fields.as_tuple()?.elements.iter().map(|field| field.as_atom().map(|_| field.word())).collect::<Option<_>>()?;
        (words.len() == values.len()).then_some(())?;
        words.sort_unstable();
        words.windows(2).all(|two| two[0] != two[1]).then_some(())?;
        Some(self.record_unchecked(definition, values))
    }
    /// A native record whose definition is that of another one.
    pub fn record_like(&mut self, other: Record<'c>, values: &[Term<'c>]) -> Term<'c> {
        assert_eq!(other.values().len(), values.len(), "a record keeps its fields");
        self.record_unchecked(other.parts[0], values)
    }
    fn record_unchecked(&mut self, definition: Term<'c>, values: &[Term<'c>]) -> Term<'c> {
        let mut parts = Vec::with_capacity(1 + values.len());
        parts.push(definition);
        parts.extend_from_slice(values);
        self.boxed_terms(word::header(kind::RECORD, parts.len()), &parts)
    }
    pub fn integer(&mut self, value: i64) -> Term<'c> {
        match Term::small(value) {
            Some(term) => term,
            None => self.bignum(value < 0, &[value.unsigned_abs()]),
        }
    }
    pub fn unsigned(&mut self, value: u64) -> Term<'c> {
        match i64::try_from(value).ok().and_then(Term::small) {
            Some(term) => term,
            None => self.bignum(false, &[value]),
        }
    }
    /// An integer by sign and limbs (least significant first; leading zeros allowed), normalised to a small where it fits.
    pub fn big_integer(&mut self, negative: bool, limbs: &[u64]) -> Term<'c> {
        let len = limbs.iter().rposition(|limb| *limb != 0).map_or(0, |last| last + 1);
        let limbs = &limbs[..len];
        let value = match limbs {
            [] => Some(0),
            [limb] if negative => 0i64.checked_sub_unsigned(*limb),
            [limb] => i64::try_from(*limb).ok(),
            _ => None,
        };
        match value.and_then(Term::small) {
            Some(term) => term,
            None => self.bignum(negative, limbs),
        }
    }
    fn bignum(&mut self, negative: bool, limbs: &[u64]) -> Term<'c> {
        let kind = if negative { kind::BIGNEG } else { kind::BIGPOS };
        self.boxed(word::header(kind, limbs.len()), limbs)
    }
    pub fn float(&mut self, value: f64) -> Term<'c> {
        if word::CARRY_FLOATS
            && let Some(carried) = word::carry_float(value)
        {
            // SAFETY: a carried float is an immediate.
            return unsafe { Term::from_word(carried) };
        }
        self.boxed(word::header(kind::FLOAT, 1), &[value.to_bits()])
    }
    pub fn atom(&mut self, atom: Atom) -> Term<'c> {
        Term::atom(atom)
    }
    /// A binary of these bytes: on the heap up to 64, else in a counted buffer off-heap.
    pub fn binary(&mut self, bytes: &[u8]) -> Term<'c> {
        self.bitstring(bytes, 8 * bytes.len())
    }
    /// The first `size` bits of `bytes`.
    pub fn bitstring(&mut self, bytes: &[u8], size: usize) -> Term<'c> {
        let bytes = &bytes[..size.div_ceil(8)];
        if bytes.len() > HEAP_BITS_MAX_BYTES {
            return self.refc_bits(Buffer::from_bytes(bytes), size);
        }
        self.heap_bits(bytes, size)
    }
    /// A heap bitstring of any size, as literals have them.
    pub fn heap_bits(&mut self, bytes: &[u8], size: usize) -> Term<'c> {
        let data_words = bytes.len().div_ceil(8);
        let at = self.alloc().alloc_words(2 + data_words);
        // SAFETY: 2 + data_words words were given; the last is zeroed before the bytes go over it.
        unsafe {
            *at = word::header(kind::HEAPBITS, 1 + data_words);
            *at.add(1) = size as u64;
            if data_words > 0 {
                *at.add(1 + data_words) = 0;
            }
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), at.add(2).cast::<u8>(), bytes.len());
            Term::from_word(word::boxed_at(at as usize))
        }
    }
    /// A handle on `buffer`'s first `size` bits; takes over one count of it.
    pub fn refc_bits(&mut self, buffer: Buffer, size: usize) -> Term<'c> {
        let bytes = buffer.capacity();
        let address = buffer.into_address();
        let alloc = self.alloc();
        let at = alloc.alloc_words(4);
        // SAFETY: four words were given and are written; the handle enters the off-heap list that owns its count.
        unsafe {
            *at = word::header(kind::REFCBITS, 3) | word::OFF_HEAP;
            *at.add(2) = address;
            *at.add(3) = size as u64;
            alloc.off_heap.link(at, bytes);
            Term::from_word(word::boxed_at(at as usize))
        }
    }
    /// `size` bits of the bitstring `whole`, from bit `from`; shares its bytes unless they are few.
    pub fn sub_bits(&mut self, whole: Term<'c>, from: usize, size: usize) -> Term<'c> {
        let bits = whole.as_bits().expect("the caller passes a bitstring");
        if from == 0 && size == bits.size && whole.kind() != kind::MATCHCTX {
            return whole;
        }
        if size <= 8 * SMALL_SLICE_BYTES {
            let slice = bits.slice(from, size);
            return self.heap_bits(&slice.to_bytes(), size);
        }
        let (base, start) = whole.base_and_offset();
        let offset = Term::small((start + from) as i64).expect("sizes of bitstrings are small");
        let size = Term::small(size as i64).expect("sizes of bitstrings are small");
        self.boxed_terms(word::header(kind::SUBBITS, 3), &[base, offset, size])
    }
    pub fn export_fun(&mut self, export: &'static Export) -> Term<'c> {
        self.boxed(word::header(kind::EXPORT, 1), &[export as *const Export as usize as u64])
    }
    pub fn fun(&mut self, entry: &'static FunEntry, creator: Term<'c>, env: &[Term<'c>]) -> Term<'c> {
        let at = self.alloc().alloc_words(3 + env.len());
        // SAFETY: 3 + env.len() words were given and are written.
        unsafe {
            *at = word::header_extra(kind::FUN, 2 + env.len(), entry.arity as u16);
            *at.add(1) = entry as *const FunEntry as usize as u64;
            *at.add(2) = creator.word();
            core::ptr::copy_nonoverlapping(env.as_ptr().cast::<u64>(), at.add(3), env.len());
            Term::from_word(word::boxed_at(at as usize))
        }
    }
    pub fn reference(&mut self, id: [u64; 2]) -> Term<'c> {
        self.boxed(word::header(kind::REF, 2), &id)
    }
    /// A reference that also names its owner (alias, or monitor with an alias).
    pub fn owned_reference(&mut self, id: [u64; 2], owner: Term<'c>) -> Term<'c> {
        self.boxed(word::header(kind::REF, 4), &[id[0], id[1], owner.word(), 0])
    }
    /// Latin-1 or Unicode text as a list of code points.
    pub fn charlist(&mut self, text: &str) -> Term<'c> {
        let characters: Vec<Term<'c>> =
            text.chars().map(|c| Term::small(i64::from(c as u32)).expect("a code point is small")).collect();
        self.list(&characters)
    }
    /// Bytes as a list of small integers.
    pub fn byte_list(&mut self, bytes: &[u8], tail: Term<'c>) -> Term<'c> {
        let elements: Vec<Term<'c>> = bytes.iter().map(|byte| Term::small(i64::from(*byte)).expect("a byte is small")).collect();
        self.list_with_tail(&elements, tail)
    }
}

/// Binaries up to this many bytes lie on the heap.
pub const HEAP_BITS_MAX_BYTES: usize = 64;
/// A slice up to this many bytes is copied: as small as the sub-bitstring that would share it.
pub const SMALL_SLICE_BYTES: usize = 16;
