//! The 64-bit word that every term is, and every box on a heap starts with.
//!
//! ```text
//! bits 2..0
//!  000           small integer, 61-bit signed: value = word >> 3 (arithmetic)
//!  010           cons    word = address - 6     head at word + 6, tail at word + 14
//!  110           boxed   word = address - 2     header at word + 2, field i at word + 10 + 8 i
//!  011           other immediate: bits 7..3 subtag, bits 63..8 payload
//!  001 100 101   float carried in the word: double = ror64(word - 1, 4)
//!  111           header (heap) | return word (stack: code address + 7); never in a register
//! ```
//! A header: bits 7..3 kind (bit 7 set = raw payload), 47..8 number of words that follow, 63..48 extra of the kind.
//! Words are 64 bits on every host; wasm32 addresses are zero-extended.

/// "No value": a BIF failed, an unwind is under way, or a moved cons; a header of kind 0 that no box has.
pub const NONV: u64 = 0x07;
pub const NIL: u64 = 0x0B;

pub const TAG_MASK: u64 = 7;
pub const TAG_SMALL: u64 = 0;
pub const TAG_CONS: u64 = 0b010;
pub const TAG_BOXED: u64 = 0b110;
pub const TAG_IMMEDIATE: u64 = 0b011;
pub const TAG_HEADER: u64 = 0b111;

/// Low bytes of the other immediates.
pub const SUBTAG_NIL: u64 = 0x0B;
pub const SUBTAG_ATOM: u64 = crate::atom::SUBTAG;
pub const SUBTAG_PID: u64 = 0x1B;
pub const SUBTAG_PORT: u64 = 0x23;
pub const SUBTAG_CATCH: u64 = 0x2B;
pub const SUBTAG_SPECIAL: u64 = 0x33;

pub const SMALL_MAX: i64 = (1 << 60) - 1;
pub const SMALL_MIN: i64 = -(1 << 60);

/// Kinds of boxes, as they stand in bits 7..3 of a header. From `RAW` on the collector skips the payload.
pub mod kind {
    pub const TUPLE: u64 = 1;
    /// `[entry address][creator pid][env 0] …`; extra = arity.
    pub const FUN: u64 = 2;
    /// `[export entry address]`
    pub const EXPORT: u64 = 3;
    /// `[keys tuple][value 0] …`, keys in term order; at most 32 pairs.
    pub const FLATMAP: u64 = 4;
    /// Root of a large map: `[size, small][child …]`; extra = bitmap of 16.
    pub const HASHMAP: u64 = 5;
    /// Inner node of a large map: `[child …]`; extra = bitmap of 16. A leaf is a cons `[Key | Value]`.
    pub const HASHNODE: u64 = 6;
    /// `[base: heap bits or refc handle][offset in bits, small][size in bits, small]`
    pub const SUBBITS: u64 = 7;
    /// `[base][position in bits, small][end in bits, small]`
    pub const MATCHCTX: u64 = 8;
    /// Stack trace as raised: see `interp::trace`.
    pub const TRACE: u64 = 9;
    /// A native record: `[definition][value 0] …` in the order of declaration; the definition is the tuple
    /// `{Module, Name, IsExported, {Field, …}}`, shared by all records of one declaration.
    pub const RECORD: u64 = 10;
    pub const RAW: u64 = 16;
    /// Limbs, least significant first, no leading zero limb.
    pub const BIGPOS: u64 = 16;
    pub const BIGNEG: u64 = 17;
    /// `[bits of the double]`
    pub const FLOAT: u64 = 18;
    /// `[size in bits][bytes, padded to words]`
    pub const HEAPBITS: u64 = 19;
    /// `[id 0][id 1]`, and `[owner pid][flags]` when it serves as alias or monitor.
    pub const REF: u64 = 20;
    /// `[node atom][id][serial << 32 | creation]`
    pub const EXTPID: u64 = 21;
    /// `[node atom][id][creation]`
    pub const EXTPORT: u64 = 22;
    /// `[node atom][creation][count of u32 ids][ids, two a word]`
    pub const EXTREF: u64 = 23;
    /// Off-heap: `[next in off-heap list][shared buffer address][size in bits]`
    pub const REFCBITS: u64 = 24;
    /// Off-heap: `[next in off-heap list][resource address][id 0][id 1]`; reads as a reference.
    pub const RESOURCE: u64 = 25;
}

/// Bit of a raw header that says: word 1 links the owner's off-heap list.
pub const OFF_HEAP: u64 = 1 << 63;

#[inline(always)]
pub const fn header(kind: u64, words: usize) -> u64 {
    ((words as u64) << 8) | (kind << 3) | TAG_HEADER
}
#[inline(always)]
pub const fn header_extra(kind: u64, words: usize, extra: u16) -> u64 {
    header(kind, words) | ((extra as u64) << 48)
}
#[inline(always)]
pub const fn header_kind(header: u64) -> u64 {
    (header >> 3) & 31
}
#[inline(always)]
pub const fn header_words(header: u64) -> usize {
    ((header >> 8) & 0xFF_FFFF_FFFF) as usize
}
#[inline(always)]
pub const fn header_extra_of(header: u64) -> u16 {
    (header >> 48) as u16
}
/// The collector may skip the payload.
#[inline(always)]
pub const fn header_is_raw(header: u64) -> bool {
    header & 0x80 != 0
}
#[inline(always)]
pub const fn header_is_off_heap(header: u64) -> bool {
    header & (0x80 | OFF_HEAP) == (0x80 | OFF_HEAP)
}
#[inline(always)]
pub const fn is_header(word: u64) -> bool {
    word & TAG_MASK == TAG_HEADER
}

#[inline(always)]
pub const fn small(value: i64) -> u64 {
    (value as u64) << 3
}
#[inline(always)]
pub const fn small_value(word: u64) -> i64 {
    (word as i64) >> 3
}
#[inline(always)]
pub const fn fits_small(value: i64) -> bool {
    value >= SMALL_MIN && value <= SMALL_MAX
}
#[inline(always)]
pub const fn is_small(word: u64) -> bool {
    word & TAG_MASK == TAG_SMALL
}
#[inline(always)]
pub const fn both_small(a: u64, b: u64) -> bool {
    (a | b) & TAG_MASK == 0
}
/// Points into a heap (cons or boxed).
#[inline(always)]
pub const fn is_pointer(word: u64) -> bool {
    word & 3 == 2
}
#[inline(always)]
pub const fn is_cons(word: u64) -> bool {
    word & TAG_MASK == TAG_CONS
}
#[inline(always)]
pub const fn is_boxed(word: u64) -> bool {
    word & TAG_MASK == TAG_BOXED
}
#[inline(always)]
pub const fn is_atom(word: u64) -> bool {
    word & 0xFF == SUBTAG_ATOM
}
#[inline(always)]
pub const fn is_local_pid(word: u64) -> bool {
    word & 0xFF == SUBTAG_PID
}
#[inline(always)]
pub const fn is_local_port(word: u64) -> bool {
    word & 0xFF == SUBTAG_PORT
}
#[inline(always)]
pub const fn is_catch(word: u64) -> bool {
    word & 0xFF == SUBTAG_CATCH
}
#[inline(always)]
pub const fn atom(index: u32) -> u64 {
    ((index as u64) << 8) | SUBTAG_ATOM
}
#[inline(always)]
pub const fn atom_index(word: u64) -> u32 {
    (word >> 8) as u32
}
/// Slot and generation, 28 bits each.
#[inline(always)]
pub const fn local_pid(slot: u32, generation: u32) -> u64 {
    ((slot as u64) << 8) | ((generation as u64) << 36) | SUBTAG_PID
}
/// Low and high 28 bits of a port's number.
#[inline(always)]
pub const fn local_port(slot: u32, generation: u32) -> u64 {
    ((slot as u64) << 8) | ((generation as u64) << 36) | SUBTAG_PORT
}
#[inline(always)]
pub const fn pid_slot(word: u64) -> u32 {
    ((word >> 8) & 0xFFF_FFFF) as u32
}
#[inline(always)]
pub const fn pid_generation(word: u64) -> u32 {
    (word >> 36) as u32
}
#[inline(always)]
pub const fn catch_word(code_address: u64) -> u64 {
    (code_address << 8) | SUBTAG_CATCH
}
#[inline(always)]
pub const fn catch_address(word: u64) -> u64 {
    word >> 8
}

/// Address of a cons cell's head.
#[inline(always)]
pub const fn cons_address(word: u64) -> usize {
    word.wrapping_add(6) as usize
}
/// Address of a box's header.
#[inline(always)]
pub const fn boxed_address(word: u64) -> usize {
    word.wrapping_add(2) as usize
}
#[inline(always)]
pub const fn cons_at(address: usize) -> u64 {
    (address as u64).wrapping_sub(6)
}
#[inline(always)]
pub const fn boxed_at(address: usize) -> u64 {
    (address as u64).wrapping_sub(2)
}
/// Address that a cons or boxed word points to.
#[inline(always)]
pub const fn pointer_address(word: u64) -> usize {
    // 010: address - 6, 110: address - 2; with bit 2 set both lie 2 below the address, for addresses are 8-aligned.
    (word & !7).wrapping_add(8) as usize
}

/// The double carried in an immediate, if it is one.
#[inline(always)]
pub const fn is_carried_float(word: u64) -> bool {
    word & 2 == 0 && word & TAG_MASK != 0
}
#[inline(always)]
pub const fn carried_float(word: u64) -> f64 {
    f64::from_bits(word.wrapping_sub(1).rotate_right(4))
}
/// The word that carries `value`; `None` where its exponent does not fit and it must be boxed.
#[inline(always)]
pub const fn carry_float(value: f64) -> Option<u64> {
    let word = value.to_bits().rotate_left(4).wrapping_add(1);
    // Exponents whose three top bits are 011 and 100 give the tags 100 and 101; 001 is left for the zeros.
    let tag = word & TAG_MASK;
    if tag == 4 || tag == 5 || word & !8 == 1 { Some(word) } else { None }
}

/// Whether new floats are carried where they can be; every reader takes both forms.
pub const CARRY_FLOATS: bool = true;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carried_floats_come_back() {
        for value in [0.0, -0.0, 1.0, -1.0, 1.5, -2.75e10, 1e77, -1e-76, 2f64.powi(256), 2f64.powi(-255)] {
            let word = carry_float(value).expect("in range");
            assert!(is_carried_float(word) && !is_pointer(word) && !is_small(word));
            assert_eq!(carried_float(word).to_bits(), value.to_bits());
        }
        for value in [1e300, -1e-300, 5e-324, f64::MAX, 2f64.powi(257), 2f64.powi(-256)] {
            assert_eq!(carry_float(value), None, "{value:e}");
        }
    }

    #[test]
    fn pointers_know_their_address() {
        for address in [0x1000_0000usize, 0x1000_0008, 0x1000_0010] {
            assert_eq!(pointer_address(cons_at(address)), address);
            assert_eq!(pointer_address(boxed_at(address)), address);
            assert!(is_cons(cons_at(address)) && is_boxed(boxed_at(address)));
        }
    }
}
