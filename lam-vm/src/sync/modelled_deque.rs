//! Deques with crossbeam's interface for models, which cannot look into crossbeam's own: taken as correct, and no stronger than it says.
//!
//! Elements pass under a lock, as crossbeam passes them by release and acquire; but whether a deque is empty is read from a counter
//! beside it, which orders no more than crossbeam's own indices do.

use std::collections::VecDeque;

use super::atomic::{AtomicUsize, Ordering};
use super::{Arc, Mutex};

pub use crossbeam_deque::Steal;

/// What a thief takes at most, besides the one that it runs.
const BATCH: usize = 2;

struct Queue<T> {
    elements: Mutex<VecDeque<T>>,
    count: AtomicUsize,
}

impl<T> Queue<T> {
    fn new() -> Self {
        Queue { elements: Mutex::new(VecDeque::new()), count: AtomicUsize::new(0) }
    }
    fn push(&self, element: T) {
        let mut elements = self.elements.lock();
        elements.push_back(element);
        self.count.store(elements.len(), Ordering::Release);
    }
    fn pop(&self) -> Option<T> {
        let mut elements = self.elements.lock();
        let element = elements.pop_front();
        self.count.store(elements.len(), Ordering::Release);
        element
    }
    fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
    fn steal_batch_and_pop(&self, to: &Queue<T>) -> Steal<T> {
        let mut taken = {
            let mut elements = self.elements.lock();
            let count = elements.len().div_ceil(2).min(1 + BATCH);
            let taken: VecDeque<T> = elements.drain(..count).collect();
            self.count.store(elements.len(), Ordering::Release);
            taken
        };
        let first = taken.pop_front();
        for element in taken {
            to.push(element);
        }
        first.map_or(Steal::Empty, Steal::Success)
    }
}

/// The owner's end.
pub struct Worker<T>(Arc<Queue<T>>);

impl<T> Worker<T> {
    pub fn new_fifo() -> Self {
        Worker(Arc::new(Queue::new()))
    }
    pub fn stealer(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }
    pub fn push(&self, element: T) {
        self.0.push(element);
    }
    pub fn pop(&self) -> Option<T> {
        self.0.pop()
    }
}

/// The other end of a worker's deque.
pub struct Stealer<T>(Arc<Queue<T>>);

impl<T> Stealer<T> {
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub fn steal_batch_and_pop(&self, to: &Worker<T>) -> Steal<T> {
        self.0.steal_batch_and_pop(&to.0)
    }
}

/// A queue that is nobody's own.
pub struct Injector<T>(Queue<T>);

impl<T> Injector<T> {
    pub fn new() -> Self {
        Injector(Queue::new())
    }
    pub fn push(&self, element: T) {
        self.0.push(element);
    }
    pub fn len(&self) -> usize {
        self.0.len()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    pub fn steal(&self) -> Steal<T> {
        self.0.pop().map_or(Steal::Empty, Steal::Success)
    }
    pub fn steal_batch_and_pop(&self, to: &Worker<T>) -> Steal<T> {
        self.0.steal_batch_and_pop(&to.0)
    }
}
