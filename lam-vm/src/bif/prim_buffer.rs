//! The natives of `prim_buffer`: a queue of binaries read as one stream of bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::atom::{self, am};
use crate::bif::args::{self, OrBadarg};
use crate::bif::{BifResult, Call, Stop, bifs};
use crate::heap::resource::Resource;
use crate::sync::Mutex;
use crate::term::Term;

bifs! { module "prim_buffer";
    /// An empty buffer.
    [plain] "new"/0 = new, "erts/emulator/nifs/common/prim_buffer_nif.c";
    /// Bytes in it.
    [plain] "size"/1 = size, "erts/emulator/nifs/common/prim_buffer_nif.c";
    /// Its first piece, which stays.
    [plain] "peek_head"/1 = peek_head, "erts/emulator/nifs/common/prim_buffer_nif.c";
    /// Takes bytes out as one binary.
    [plain] "copying_read"/2 = copying_read, "erts/emulator/nifs/common/prim_buffer_nif.c";
    /// Appends binaries.
    [plain] "write"/2 = write, "erts/emulator/nifs/common/prim_buffer_nif.c";
    /// Drops bytes.
    [plain] "skip"/2 = skip, "erts/emulator/nifs/common/prim_buffer_nif.c";
    /// `{ok, Index}` of the first such byte, or `not_found`.
    [plain] "find_byte_index"/2 = find_byte_index, "erts/emulator/nifs/common/prim_buffer_nif.c";
    /// `acquired` or `busy`
    [plain] "try_lock"/1 = try_lock, "erts/emulator/nifs/common/prim_buffer_nif.c";
    /// `ok`
    [plain] "unlock"/1 = unlock, "erts/emulator/nifs/common/prim_buffer_nif.c";
}

#[derive(Default)]
struct Pieces {
    pieces: VecDeque<Vec<u8>>,
    /// Bytes of the first piece that are gone.
    gone: usize,
    size: usize,
    locked: bool,
}

type Buffer = Mutex<Pieces>;

impl Pieces {
    fn take(&mut self, mut count: usize, mut visit: impl FnMut(&[u8])) {
        self.size -= count;
        while count > 0 {
            let head = &self.pieces[0][self.gone..];
            let now = count.min(head.len());
            visit(&head[..now]);
            count -= now;
            self.gone += now;
            if self.gone == self.pieces[0].len() {
                self.pieces.pop_front();
                self.gone = 0;
            }
        }
    }
}

fn buffer<'c>(term: Term<'c>) -> Result<&'c Buffer, Stop<'c>> {
    term.as_reference().and_then(|reference| reference.resource::<Buffer>()).or_badarg()
}

fn new<'c>(call: &mut Call<'c>, []: [Term<'c>; 0]) -> BifResult<'c> {
    let id = call.system().unique.reference();
    let data: Buffer = Mutex::new(Pieces::default());
    Ok(call.resource(Arc::new(Resource { data: Box::new(data) }), id))
}

fn size<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    let size = buffer(term)?.lock().size;
    Ok(call.unsigned(size as u64))
}

fn peek_head<'c>(call: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    let pieces = buffer(term)?.lock();
    let head = pieces.pieces.front().or_badarg()?;
    Ok(call.binary(&head[pieces.gone..]))
}

fn copying_read<'c>(call: &mut Call<'c>, [term, count]: [Term<'c>; 2]) -> BifResult<'c> {
    let mut pieces = buffer(term)?.lock();
    let count = count.as_usize().filter(|count| *count <= pieces.size).or_badarg()?;
    let mut bytes = Vec::with_capacity(count);
    pieces.take(count, |piece| bytes.extend_from_slice(piece));
    Ok(call.binary(&bytes))
}

fn write<'c>(_: &mut Call<'c>, [term, data]: [Term<'c>; 2]) -> BifResult<'c> {
    let bytes = args::iolist_bytes(data).or_badarg()?;
    let mut pieces = buffer(term)?.lock();
    if !bytes.is_empty() {
        pieces.size += bytes.len();
        pieces.pieces.push_back(bytes);
    }
    Ok(Term::atom(am::OK))
}

fn skip<'c>(_: &mut Call<'c>, [term, count]: [Term<'c>; 2]) -> BifResult<'c> {
    let mut pieces = buffer(term)?.lock();
    let count = count.as_usize().filter(|count| *count <= pieces.size).or_badarg()?;
    pieces.take(count, |_| ());
    Ok(Term::atom(am::OK))
}

fn find_byte_index<'c>(call: &mut Call<'c>, [term, needle]: [Term<'c>; 2]) -> BifResult<'c> {
    let needle = needle.as_small().and_then(|needle| u8::try_from(needle).ok()).or_badarg()?;
    let pieces = buffer(term)?.lock();
    let mut before = 0;
    for (index, piece) in pieces.pieces.iter().enumerate() {
        let piece = if index == 0 { &piece[pieces.gone..] } else { piece };
        if let Some(at) = piece.iter().position(|byte| *byte == needle) {
            let at = call.unsigned((before + at) as u64);
            return Ok(call.tuple(&[Term::atom(am::OK), at]));
        }
        before += piece.len();
    }
    Ok(Term::atom(atom::intern_static("not_found")))
}

fn try_lock<'c>(_: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    let was_locked = core::mem::replace(&mut buffer(term)?.lock().locked, true);
    Ok(Term::atom(atom::intern_static(if was_locked { "busy" } else { "acquired" })))
}

fn unlock<'c>(_: &mut Call<'c>, [term]: [Term<'c>; 1]) -> BifResult<'c> {
    buffer(term)?.lock().locked = false;
    Ok(Term::atom(am::OK))
}
