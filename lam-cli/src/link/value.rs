//! What is known of a register while a function is looked over: constants, and what was built of them.

use std::rc::Rc;

/// A term as far as it is known.
#[derive(Debug, Clone)]
pub enum Value {
    Unknown,
    /// Known, but no name lies in it.
    Data,
    Nil,
    Int(i64),
    Atom(Rc<str>),
    Cons(Rc<(Value, Value)>),
    Tuple(Rc<[Value]>),
    Map(Rc<[(Value, Value)]>),
}

impl Value {
    pub fn atom(text: &str) -> Value {
        Value::Atom(text.into())
    }
    pub fn as_atom(&self) -> Option<&str> {
        match self {
            Value::Atom(text) => Some(text),
            _ => None,
        }
    }
    /// The elements of a proper list of known length.
    pub fn elements(&self) -> Option<Vec<Value>> {
        let mut elements = Vec::new();
        let mut rest = self.clone();
        loop {
            match rest {
                Value::Nil => return Some(elements),
                Value::Cons(cell) => {
                    elements.push(cell.0.clone());
                    rest = cell.1.clone();
                }
                _ => return None,
            }
        }
    }
    /// Calls `visit` for each tuple in the term.
    pub fn tuples(&self, visit: &mut dyn FnMut(&[Value])) {
        let mut todo = vec![self.clone()];
        while let Some(value) = todo.pop() {
            match value {
                Value::Cons(cell) => todo.extend([cell.0.clone(), cell.1.clone()]),
                Value::Tuple(elements) => {
                    visit(&elements);
                    todo.extend(elements.iter().cloned());
                }
                Value::Map(pairs) => todo.extend(pairs.iter().flat_map(|(key, value)| [key.clone(), value.clone()])),
                _ => {}
            }
        }
    }
}
