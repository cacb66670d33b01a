//! The inner message queue: what was taken in and not yet received.
//!
//! Every message has a number, rising along the queue, so that the save pointer and receive markers are positions found by number
//! and removing a message moves none of them. A message lies in fragments of its own until a receive looks at it; from then on it is
//! part of the process's heap and its word is a root.

use std::collections::VecDeque;

use super::signal::RefId;
use super::{OwnedTerm, ProcessHeap};
use crate::term::Term;

/// Rows that an empty queue keeps at most.
const KEPT_ROWS: usize = 1024;
/// Markers kept at most; the oldest goes first.
const MARKERS_MAX: usize = 4;

struct Message {
    number: u64,
    term: Body,
}

enum Body {
    Own(OwnedTerm),
    /// On the process's heap.
    Word(u64),
}

type Markers = smallvec::SmallVec<[(RefId, u64); MARKERS_MAX]>;

/// Messages in order of arrival, the save pointer, and receive markers.
#[derive(Default)]
pub struct Mailbox {
    messages: VecDeque<Message>,
    next_number: u64,
    /// Index of the message that `loop_rec` looks at next.
    save: usize,
    /// How many messages may be `Body::Word`.
    looked_at: usize,
    markers: Option<Box<Markers>>,
}

impl Mailbox {
    pub fn push(&mut self, message: OwnedTerm) {
        if self.messages.capacity() == 0 {
            // Most queues never hold more than one.
            self.messages.reserve_exact(1);
        }
        self.messages.push_back(Message { number: self.next_number, term: Body::Own(message) });
        self.next_number += 1;
    }
    /// Bytes that the queue takes: its rows, and messages that are not on the heap yet.
    pub fn bytes(&self) -> usize {
        let own = |message: &Message| if let Body::Own(term) = &message.term { 8 * term.words() } else { 0 };
        self.messages.capacity() * size_of::<Message>() + self.messages.iter().map(own).sum::<usize>()
    }
    pub fn len(&self) -> usize {
        self.messages.len()
    }
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
    /// Whether the save pointer is behind the last message.
    pub fn is_exhausted(&self) -> bool {
        self.save >= self.messages.len()
    }
    /// The message at the save pointer, made part of `heap`.
    pub fn look(&mut self, heap: &mut ProcessHeap) -> Option<u64> {
        let message = self.messages.get_mut(self.save)?;
        Some(attach(message, heap, &mut self.looked_at))
    }
    /// Goes on to the next message.
    pub fn skip(&mut self) {
        self.save += 1;
    }
    /// Takes out the message at the save pointer, which was looked at, and goes back to the first.
    pub fn remove_current(&mut self) {
        let removed = if self.save == 0 { self.messages.pop_front() } else { self.messages.remove(self.save) };
        if matches!(removed, Some(Message { term: Body::Word(_), .. })) {
            self.looked_at -= 1;
        }
        self.save = 0;
        if self.messages.is_empty() && self.messages.capacity() > KEPT_ROWS {
            self.messages = VecDeque::new();
        }
    }
    /// Back to the first message.
    pub fn restart(&mut self) {
        self.save = 0;
    }
    /// The number that the next message gets: where a receive for a reference made now may start.
    pub fn end_number(&self) -> u64 {
        self.next_number
    }
    pub fn bind_marker(&mut self, number: u64, id: RefId) {
        let markers = self.markers.get_or_insert_default();
        if markers.len() == MARKERS_MAX {
            markers.remove(0);
        }
        markers.push((id, number));
    }
    pub fn clear_marker(&mut self, id: RefId) {
        if let Some(markers) = &mut self.markers {
            markers.retain(|marker| marker.0 != id);
        }
    }
    /// Starts the receive at the marker bound to this reference, if there is one.
    pub fn use_marker(&mut self, id: RefId) {
        if let Some((_, number)) = self.markers.iter().flat_map(|markers| markers.iter()).find(|marker| marker.0 == id) {
            self.save = self.messages.partition_point(|message| message.number < *number);
        }
    }
    /// All messages as words on `heap`, for `process_info(_, messages)`.
    pub fn all(&mut self, heap: &mut ProcessHeap) -> Vec<u64> {
        let looked_at = &mut self.looked_at;
        self.messages.iter_mut().map(|message| attach(message, heap, looked_at)).collect()
    }
    /// Words of messages on the heap: roots.
    pub fn for_each_root(&mut self, mut visit: impl FnMut(&mut u64)) {
        let mut left = self.looked_at;
        for message in &mut self.messages {
            if left == 0 {
                break;
            }
            if let Body::Word(word) = &mut message.term {
                visit(word);
                left -= 1;
            }
        }
    }
    /// Removes the first `{_, Ref, _, _, _}`, as `demonitor(Ref, [flush])` does.
    pub fn remove_down(&mut self, id: RefId) {
        let is_down = |message: &Message| {
            let term = match &message.term {
                Body::Own(term) => term.term(),
                // SAFETY: a message that was looked at lies on the process's heap.
                Body::Word(word) => unsafe { Term::from_word(*word) },
            };
            let parts: Option<[Term<'_>; 5]> = term.as_tuple_of();
            parts.is_some_and(|parts| parts[1].as_reference().is_some_and(|reference| reference.id == id))
        };
        let Some(at) = self.messages.iter().position(is_down) else { return };
        if matches!(self.messages.remove(at), Some(Message { term: Body::Word(_), .. })) {
            self.looked_at -= 1;
        }
        self.save = 0;
    }
}

fn attach(message: &mut Message, heap: &mut ProcessHeap, looked_at: &mut usize) -> u64 {
    if let Body::Own(term) = &mut message.term {
        let term = core::mem::replace(term, OwnedTerm::immediate(Term::NIL));
        message.term = Body::Word(term.attach_to(heap));
        *looked_at += 1;
    }
    match message.term {
        Body::Word(word) => word,
        Body::Own(_) => unreachable!("just attached"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: i64) -> OwnedTerm {
        OwnedTerm::of(Term::small(value).expect("small"))
    }

    #[test]
    fn selective_receive_keeps_the_others() {
        let mut heap = ProcessHeap::new(64);
        let mut mailbox = Mailbox::default();
        for value in 0..4 {
            mailbox.push(number(value));
        }
        mailbox.skip();
        mailbox.skip();
        assert_eq!(mailbox.look(&mut heap), Some(2 << 3));
        mailbox.remove_current();
        let rest: Vec<u64> = mailbox.all(&mut heap);
        assert_eq!(rest, [0, 1 << 3, 3 << 3]);
    }

    #[test]
    fn a_marker_skips_what_was_there_before() {
        let mut heap = ProcessHeap::new(64);
        let mut mailbox = Mailbox::default();
        mailbox.push(number(0));
        mailbox.push(number(1));
        mailbox.bind_marker(mailbox.end_number(), [7, 7]);
        mailbox.push(number(2));
        mailbox.remove_current();
        mailbox.use_marker([7, 7]);
        assert_eq!(mailbox.look(&mut heap), Some(2 << 3));
        mailbox.restart();
        mailbox.clear_marker([7, 7]);
        mailbox.use_marker([7, 7]);
        assert_eq!(mailbox.look(&mut heap), Some(1 << 3));
    }
}
