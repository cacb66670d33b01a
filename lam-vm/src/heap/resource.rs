//! Resources: Rust data behind a reference term (`atomics`, `counters`, ETS tables, compiled patterns, open files).
//!
//! The box holds the address of a counted `Resource`; the last holder drops the data.

use std::any::Any;
use std::sync::Arc;

use super::Heap;
use crate::term::word::{self, kind};
use crate::term::{Reference, Term};

/// What a resource term holds.
pub struct Resource {
    pub data: Box<dyn Any + Send + Sync>,
}

/// # Safety
/// `address` came from `Arc::into_raw` and its count is the caller's.
pub unsafe fn release(address: u64) {
    // SAFETY: promised by the caller.
    drop(unsafe { Arc::from_raw(address as usize as *const Resource) });
}

/// # Safety
/// `address` came from `Arc::into_raw` of a resource that is alive.
pub unsafe fn retain(address: u64) {
    // SAFETY: promised by the caller.
    unsafe { Arc::increment_strong_count(address as usize as *const Resource) };
}

impl<'c> Heap<'c> {
    /// A reference term with this identity that holds `resource`.
    pub fn resource(&mut self, resource: Arc<Resource>, id: [u64; 2]) -> Term<'c> {
        let address = Arc::into_raw(resource) as usize as u64;
        let alloc = self.alloc();
        let at = alloc.alloc_words(5);
        // SAFETY: five words were given and are written; the off-heap list owns the count.
        unsafe {
            *at = word::header(kind::RESOURCE, 4) | word::OFF_HEAP;
            *at.add(2) = address;
            *at.add(3) = id[0];
            *at.add(4) = id[1];
            alloc.off_heap.link(at, 0);
            Term::from_word(word::boxed_at(at as usize))
        }
    }
}

impl<'c> Reference<'c> {
    /// The data behind the reference when it is a resource of type `T`.
    pub fn resource<T: Any>(&self) -> Option<&'c T> {
        if self.resource == 0 {
            return None;
        }
        // SAFETY: the term holds a count while 'c lasts.
        let resource = unsafe { &*(self.resource as usize as *const Resource) };
        resource.data.downcast_ref()
    }
    /// A count of one's own on the resource.
    pub fn share_resource(&self) -> Option<Arc<Resource>> {
        if self.resource == 0 {
            return None;
        }
        // SAFETY: the term holds a count; one more is taken for the new Arc.
        unsafe {
            retain(self.resource);
            Some(Arc::from_raw(self.resource as usize as *const Resource))
        }
    }
}
