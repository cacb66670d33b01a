//! A part that most owners never change: it takes one word until somebody writes to it.

use core::ops::{Deref, DerefMut};

/// What `Rarely` can hold.
pub trait Part: Sized + 'static {
    /// What it is before it is written to.
    fn unwritten() -> &'static Self;
    /// A copy of that, to be written to.
    fn fresh() -> Self;
}

/// A `T` in a box of its own from its first write on. Reading never makes the box; `DerefMut` does, so who only takes something
/// out asks `written` first.
pub struct Rarely<T>(Option<Box<T>>);

impl<T> Rarely<T> {
    pub const fn unwritten() -> Rarely<T> {
        Rarely(None)
    }
    /// The part, where it was ever written to.
    pub fn written(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }
    /// Back to what it was at first; gives the memory back.
    pub fn clear(&mut self) {
        self.0 = None;
    }
    /// Bytes of its box.
    pub fn bytes(&self) -> usize {
        if self.0.is_some() { size_of::<T>() } else { 0 }
    }
}

impl<T> Default for Rarely<T> {
    fn default() -> Self {
        Rarely(None)
    }
}

impl<T> From<T> for Rarely<T> {
    fn from(part: T) -> Self {
        Rarely(Some(Box::new(part)))
    }
}

impl<T: Part> Deref for Rarely<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        match &self.0 {
            Some(part) => part,
            None => T::unwritten(),
        }
    }
}

impl<T: Part> DerefMut for Rarely<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        if self.0.is_none() {
            make(&mut self.0);
        }
        self.0.as_mut().expect("just made")
    }
}

#[cold]
#[inline(never)]
fn make<T: Part>(part: &mut Option<Box<T>>) {
    *part = Some(Box::new(T::fresh()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(PartialEq, Debug)]
    struct Three(u32);
    impl Part for Three {
        fn unwritten() -> &'static Three {
            static THREE: Three = Three(3);
            &THREE
        }
        fn fresh() -> Three {
            Three(3)
        }
    }

    #[test]
    fn only_a_write_makes_the_box() {
        let mut part: Rarely<Three> = Rarely::unwritten();
        assert_eq!((*part).0, 3);
        assert!(part.written().is_none() && part.bytes() == 0);
        (*part).0 += 1;
        assert_eq!(*part, Three(4));
        assert!(part.bytes() > 0);
        part.clear();
        assert_eq!((*part).0, 3);
        assert_eq!(size_of::<Rarely<Three>>(), size_of::<usize>());
    }
}
