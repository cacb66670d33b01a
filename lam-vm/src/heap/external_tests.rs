//! The external format, hashes, order and text of terms against values recorded from OTP 25 (`testdata/terms.erl`), and hostile
//! bytes.

use core::cmp::Ordering;

use super::external::{EncodeOptions, encode, encoded_size};
use super::external_decode::{DecodeError, DecodeOptions, Links, decode};
use super::{Alloc, Heap};
use crate::atom::Atom;
use crate::term::{Export, FunEntry, Term, compare, hash, print};
use crate::util::checksum::Md5;

const RECORDED: &str = include_str!("../../testdata/terms.txt");

struct AnyExport;

impl Links for AnyExport {
    fn export(&self, module: Atom, function: Atom, arity: usize, _: bool) -> Option<&'static Export> {
        let (module, function, arity) = (module.word(), function.word(), arity as u64);
        Some(Box::leak(Box::new(Export { code: 0, native: 0, module, function, arity, stub: [0; 2], bif: 0 })))
    }
    fn fun(&self, _: Atom, _: u32, _: u32, _: [u8; 16]) -> Option<&'static FunEntry> {
        None
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("recorded as hexadecimal")).collect()
}

fn read<'c>(heap: &mut Heap<'c>, hex: &str) -> Term<'c> {
    let bytes = bytes(hex);
    let (term, used) = decode(heap, &bytes, DecodeOptions::default(), &AnyExport).expect("OTP wrote it");
    assert_eq!(used, bytes.len());
    term
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(term: Term<'_>) -> String {
    print::display_limited(term, 300)
}

#[test]
fn recorded_terms_come_back_and_hash_as_otp_does() {
    Alloc::default().with(|heap| {
        let (terms, _) = RECORDED.split_once("SORTED\n").expect("two parts");
        for line in terms.lines() {
            let [plain, phash2, phash, newest, oldest, size, shown] =
                line.split(' ').collect::<Vec<_>>().try_into().expect("seven fields");
            let term = read(heap, plain);
            let what = text(term);
            assert_eq!(hash::phash2_full(term).to_string(), phash2, "phash2 of {what}");
            assert_eq!((u64::from(hash::phash(term)) + 1).to_string(), phash, "phash of {what}");
            assert_eq!(hex(&encode(term, EncodeOptions::default())), plain, "{what}");
            let options = EncodeOptions { utf8_atoms: true, deterministic: true, ..EncodeOptions::default() };
            assert_eq!(hex(&encode(term, options)), newest, "{what}");
            let options = EncodeOptions { text_floats: true, ..EncodeOptions::default() };
            assert_eq!(hex(&Md5::digest(&encode(term, options))), oldest, "{what}");
            assert_eq!(encoded_size(term, EncodeOptions::default()).to_string(), size, "{what}");
            assert_eq!(hex(&Md5::digest(&print::display(term))), shown, "{what}");
            let again = read(heap, newest);
            assert!(compare::exact_eq(term, again), "{what}");
            assert_eq!(compare::compare_exact(term, again), Ordering::Equal);
            let old = encode(term, options);
            let (again, _) = decode(heap, &old, DecodeOptions::default(), &AnyExport).expect("our own bytes");
            assert!(compare::equal(term, again), "{what}");
        }
    });
}

#[test]
fn recorded_order_is_ours() {
    Alloc::default().with(|heap| {
        let (_, sorted) = RECORDED.split_once("SORTED\n").expect("two parts");
        let terms: Vec<_> = sorted.lines().map(|line| read(heap, line)).collect();
        for (at, a) in terms.iter().enumerate() {
            for b in &terms[at + 1..] {
                let order = compare::compare(*a, *b);
                assert_ne!(order, Ordering::Greater, "{} before {}", text(*a), text(*b));
                assert_eq!(compare::compare(*b, *a), order.reverse());
                assert_eq!(compare::equal(*a, *b), order == Ordering::Equal);
                assert_eq!(compare::exact_eq(*a, *b), compare::compare_exact(*a, *b) == Ordering::Equal);
            }
        }
    });
}

#[test]
fn compressed_terms_come_back() {
    Alloc::default().with(|heap| {
        let ones = vec![Term::small(1).expect("small"); 100_000];
        let text = heap.list(&vec![Term::small(1000).expect("small"); 10_000]);
        let list = heap.tuple(&ones);
        let term = heap.tuple(&[list, text]);
        let options = EncodeOptions { compressed: 6, ..EncodeOptions::default() };
        let bytes = encode(term, options);
        assert!(bytes.len() < 2000 && bytes[1] == 80);
        let mut longer = bytes.clone();
        longer.extend([1, 2, 3]);
        let (again, used) = decode(heap, &longer, DecodeOptions::default(), &AnyExport).expect("our own bytes");
        assert_eq!(used, bytes.len());
        assert!(compare::exact_eq(term, again));
        // What does not get shorter stays as it is.
        assert_eq!(encode(Term::NIL, options), [131, 106]);
        // A size that is not the stream's.
        let mut wrong = bytes.clone();
        wrong[5] ^= 1;
        assert!(decode(heap, &wrong, DecodeOptions::default(), &AnyExport).is_err());
        let mut huge = bytes;
        huge[2] = 0xFF;
        assert!(decode(heap, &huge, DecodeOptions::default(), &AnyExport).is_err());
    });
}

#[test]
fn depth_is_no_matter() {
    Alloc::default().with(|heap| {
        let one = Term::small(1).expect("small");
        let deep = (0..1_000_000).fold(one, |inner, at| match at % 3 {
            0 => heap.tuple(&[inner]),
            1 => heap.cons(inner, one),
            _ => heap.map_from_pairs(&[(one, inner)]),
        });
        let bytes = encode(deep, EncodeOptions::default());
        assert_eq!(bytes.len(), encoded_size(deep, EncodeOptions::default()));
        let (again, _) = decode(heap, &bytes, DecodeOptions::default(), &AnyExport).expect("our own bytes");
        assert!(compare::exact_eq(deep, again));
        assert_eq!(compare::compare(deep, again), Ordering::Equal);
        assert_eq!(hash::phash2(deep), hash::phash2(again));
        assert_eq!(hash::phash(deep), hash::phash(again));
        assert_eq!(hash::internal_hash(deep, 7), hash::internal_hash(again, 7));
    });
}

#[test]
fn hostile_bytes_give_errors() {
    let refused = |bytes: &[u8], error: DecodeError| {
        Alloc::default().with(|heap| {
            let outcome = decode(heap, bytes, DecodeOptions::default(), &AnyExport).map(|_| ());
            assert_eq!(outcome, Err(error), "{bytes:?}");
        });
    };
    refused(&[], DecodeError::Invalid);
    refused(&[130, 106], DecodeError::Invalid);
    refused(&[131], DecodeError::Truncated);
    // Lengths far beyond the input.
    refused(&[131, 108, 255, 255, 255, 255, 106], DecodeError::Truncated);
    refused(&[131, 105, 255, 255, 255, 255, 106], DecodeError::Invalid);
    refused(&[131, 116, 255, 255, 255, 255, 106], DecodeError::Truncated);
    refused(&[131, 109, 255, 255, 255, 255], DecodeError::Truncated);
    refused(&[131, 111, 255, 255, 255, 255, 0], DecodeError::Invalid);
    refused(&[131, 70, 0x7F, 0xF0, 0, 0, 0, 0, 0, 0], DecodeError::Invalid);
    refused(&[131, 77, 0, 0, 0, 1, 9, 0], DecodeError::Invalid);
    refused(&[131, 119, 1, 0xFF], DecodeError::Invalid);
    refused(&[131, 116, 0, 0, 0, 2, 97, 1, 106, 97, 1, 106], DecodeError::Invalid);
    let nested: Vec<u8> = core::iter::once(131).chain(core::iter::repeat_n([104, 1], 1 << 20).flatten()).collect();
    refused(&nested, DecodeError::Truncated);
    let exports: Vec<u8> = core::iter::once(131).chain(core::iter::repeat_n([113, 119, 0, 119, 0], 1 << 20).flatten()).collect();
    refused(&exports, DecodeError::Invalid);
    Alloc::default().with(|heap| {
        let options = DecodeOptions { safe: true, ..DecodeOptions::default() };
        let unknown = b"\x83\x77\x10never heard of..";
        assert_eq!(decode(heap, unknown, options, &AnyExport).map(|_| ()), Err(DecodeError::Unsafe));
    });
}

#[test]
fn broken_bytes_never_panic() {
    let mut random = 0x2545_F491_4F6C_DD1Du64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for line in RECORDED.lines().take_while(|line| *line != "SORTED").filter(|line| line.len() < 2000) {
        let whole = bytes(line.split(' ').next().expect("a first field"));
        let mut alloc = Alloc::default();
        alloc.with(|heap| {
            // No atoms are made of broken bytes here, or the table would fill up.
            let options = DecodeOptions { safe: true, ..DecodeOptions::default() };
            for end in 0..whole.len() {
                assert!(decode(heap, &whole[..end], options, &AnyExport).is_err());
            }
            for _ in 0..50 {
                let mut broken = whole.clone();
                for _ in 0..=next() % 3 {
                    let at = next() as usize % broken.len();
                    broken[at] = next() as u8;
                }
                if let Ok((term, used)) = decode(heap, &broken, options, &AnyExport) {
                    assert!(used <= broken.len());
                    let again = encode(term, EncodeOptions::default());
                    let (again, _) = decode(heap, &again, options, &AnyExport).expect("our own bytes");
                    assert!(compare::exact_eq(term, again));
                }
            }
        });
    }
}

#[test]
fn texts_as_display_writes_them() {
    Alloc::default().with(|heap| {
        let one = Term::small(1).expect("small");
        let text = heap.charlist("a\"b\n");
        assert_eq!(print::display(text), b"\"a\\\"b\\n\"");
        let float = heap.float(-1.5e-7);
        assert_eq!(print::display(float), b"-1.500000e-07");
        let float = heap.float(1e100);
        assert_eq!(print::display(float), b"1.000000e+100");
        let tail = heap.list_with_tail(&[one, Term::NIL], float);
        assert_eq!(print::display(tail), b"[1,[]|1.000000e+100]");
        let bits = heap.bitstring(&[1, 0xA0], 11);
        let name = Term::atom(crate::atom::intern_static("Hello 'World'"));
        let tuple = heap.tuple(&[bits, name, Term::local_pid(5, 2)]);
        assert_eq!(print::display(tuple), b"{<<1,5:3>>,'Hello \\'World\\'',<0.5.2>}");
        let map = heap.map_from_pairs(&[(one, text), (Term::NIL, one)]);
        assert_eq!(print::display(map), b"#{1=>\"a\\\"b\\n\",[]=>1}");
        let deep = (0..1_000_000).fold(Term::NIL, |inner, _| heap.cons(inner, Term::NIL));
        assert_eq!(print::display(deep).len(), 2_000_002);
        assert_eq!(print::display_limited(deep, 5), "[[[[[...");
    });
}
